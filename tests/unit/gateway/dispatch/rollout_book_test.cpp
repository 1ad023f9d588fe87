#include "gateway/dispatch/rollout_book.hpp"

#include <set>

#include <gtest/gtest.h>

#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/rollout_json.hpp"
#include "host/base/text_encoding.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/unit/gateway/dispatch/rollout_books.hpp"

namespace assay::gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test_rollouts::leaf_of;
using test_rollouts::plan_of;
using test_rollouts::RolloutBooks;

TEST_F(RolloutBooks, WithoutAnyEveryDeviceGetsTheNewest) {
    add_devices(5);
    add_release(2);
    EXPECT_EQ(poll_all().size(), 5U);
}

TEST_F(RolloutBooks, AReleaseThatARolloutNamesGoesByItAlone) {
    add_devices(20);
    add_release(1);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].percent = 25;
    plan.phases.emplace_back();
    begin(plan);
    int of_rollout = 0;
    for (const auto& [id, device] : devices_->devices()) {
        const std::uint64_t sequence = offered_sequence(id);
        EXPECT_TRUE(sequence == 1 || sequence == 2);
        of_rollout += sequence == 2 ? 1 : 0;
    }
    EXPECT_EQ(of_rollout, 5) << "the others get what no rollout governs";
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAbort, now_));
    for (const auto& [id, device] : devices_->devices()) EXPECT_EQ(offered_sequence(id), 1U);
}

TEST_F(RolloutBooks, NothingGoesOutsideRolloutsIfConfiguredSo) {
    add_devices(1);
    add_release(1);
    DispatchRules rules{catalog_, *book_};
    rules.outside_rollouts = false;
    EXPECT_EQ(decide_assignment(*devices_->find("device-0"), rules, now_).verdict, AssignmentVerdict::kNoRelease);
    begin(plan_of("spring", 1));
    EXPECT_EQ(decide_assignment(*devices_->find("device-0"), rules, now_).verdict, AssignmentVerdict::kAssigned);
}

TEST_F(RolloutBooks, PhasesGoOnExactlyAfterARestart) {
    add_devices(40);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].percent = 10;
    plan.phases[0].success_percent = 100;
    plan.phases[0].soak = hours(1);
    plan.phases.emplace_back();
    begin(plan);
    const auto first = poll_all();
    ASSERT_EQ(first.size(), 4U);
    restart();
    EXPECT_EQ(poll_all(), first) << "they alone, and again";
    EXPECT_EQ(book_->find("spring")->under_way, 4U);
    for (const std::string& id : first) receipt(id, 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_TRUE(state("spring").met_since);
    restart();
    now_ += hours(1);
    EXPECT_TRUE(poll_all().empty());
    EXPECT_TRUE(book_->step(now_).value());
    EXPECT_EQ(state("spring").phase, 1U);
    EXPECT_EQ(poll_all().size(), 36U);
    restart();
    EXPECT_EQ(state("spring").phase, 1U);
    for (const auto& [id, device] : devices_->devices()) {
        if (!first.contains(id)) receipt(id, 2, ledger::ReceiptEvent::kConfirmed);
    }
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
}

TEST_F(RolloutBooks, AnUrgentFixOvertakes) {
    add_devices(4);
    add_release(3);
    begin(plan_of("features", 3));
    EXPECT_EQ(poll_all().size(), 4U);
    receipt("device-0", 3, ledger::ReceiptEvent::kVerified);
    add_release(2, ledger::Urgency::kUrgent);
    begin(plan_of("fix", 2));
    for (const auto& [id, device] : devices_->devices()) EXPECT_EQ(offered_sequence(id), 2U) << id;
    EXPECT_EQ(poll_all().size(), 4U);
    EXPECT_EQ(book_->find("features")->under_way, 0U) << "overtaken, not failed";
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(offered_sequence("device-0"), 3U) << "and afterwards what was overtaken";
}

TEST_F(RolloutBooks, AFixThatGoesToAllOvertakesToo) {
    add_devices(1);
    add_release(3);
    RolloutPlan plan = plan_of("features", 3);
    plan.deadlines.offered = hours(1);
    begin(plan);
    poll_all();
    add_release(2, ledger::Urgency::kEmergency);
    poll_all();
    now_ += hours(2);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->count(*book_->find("features")).failed, 0U) << "nobody waits for it";
    EXPECT_EQ(book_->find("features")->under_way, 0U);
}

TEST_F(RolloutBooks, PriorityDecidesAmongEquals) {
    add_devices(1);
    add_release(2);
    add_release(3);
    RolloutPlan first = plan_of("first", 2);
    first.priority = 1;
    begin(first);
    begin(plan_of("second", 3));
    EXPECT_EQ(offered_sequence("device-0"), 2U);
}

TEST_F(RolloutBooks, FailuresStopItForThoseUnderWayToo) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.abort_percent = 20;
    begin(plan);
    poll_all();
    receipt("device-0", 2, ledger::ReceiptEvent::kFailed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
    receipt("device-1", 2, ledger::ReceiptEvent::kRolledBack);
    EXPECT_FALSE(book_->is_cancelled(*devices_->find("device-5"), leaf_of(2)));
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kAborted);
    EXPECT_TRUE(book_->is_cancelled(*devices_->find("device-5"), leaf_of(2)));
    EXPECT_EQ(decide("device-5").verdict, AssignmentVerdict::kAborted);
    restart();
    EXPECT_EQ(decide("device-5").verdict, AssignmentVerdict::kAborted);
}

TEST_F(RolloutBooks, ASilentDeviceFailsAtItsDeadline) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.deadlines.verified = hours(2);
    plan.abort_percent = 100;
    begin(plan);
    poll_all();
    receipt("device-0", 2, ledger::ReceiptEvent::kVerified);
    now_ += hours(2) - seconds(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->count(*book_->find("spring")).failed, 0U);
    now_ += seconds(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->count(*book_->find("spring")).failed, 1U);
    restart();
    EXPECT_EQ(devices_->find("device-0")->rollouts.at("spring").word, "deadline");
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(book_->count(*book_->find("spring")).done, 1U) << "late is better than never";
}

TEST_F(RolloutBooks, ADeviceThatNeverComesFailsAtItsDeadlineAndGetsTheReleaseLate) {
    add_devices(4);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.deadlines.waiting = hours(2);
    plan.under_way_max = 1;
    plan.phases[0].success_percent = 50;
    plan.abort_percent = 100;
    begin(plan);
    ASSERT_TRUE(poll("device-0"));
    change("device-3", [](Device& device) { device.is_blocked = true; });
    now_ += hours(2) - seconds(1);
    devices_->find("device-1")->last_seen = now_;  // it came, and found no room
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").failed, 0U);
    now_ += seconds(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").failed, 1U);
    EXPECT_EQ(count("spring").waiting, 1U);
    restart();
    EXPECT_EQ(devices_->find("device-2")->rollouts.at("spring").word, "deadline");
    EXPECT_EQ(step_or_none("device-1", "spring"), std::nullopt);
    EXPECT_EQ(step_or_none("device-3", "spring"), std::nullopt);
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(decide("device-2").verdict, AssignmentVerdict::kHeldBack) << "as after other failures";
    now_ += seconds(30);
    ASSERT_TRUE(poll("device-2"));
    EXPECT_EQ(count("spring").retried, 1U);
    receipt("device-2", 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(count("spring").done, 2U);
}

TEST_F(RolloutBooks, WaitsForDevicesAsLongAfterARestartAndInEachPhase) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.deadlines.waiting = hours(2);
    plan.phases[0].percent = 50;
    plan.phases.emplace_back();
    begin(plan);
    now_ += hours(2);
    restart();  // nobody could come while the gateway was down
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").failed, 0U);
    const bool is_first = decide("device-0").verdict == AssignmentVerdict::kAssigned;
    ASSERT_TRUE(poll(is_first ? "device-0" : "device-1"));
    receipt(is_first ? "device-0" : "device-1", 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_EQ(state("spring").phase, 1U);
    now_ += hours(2) - seconds(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").failed, 0U);
    now_ += seconds(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").failed, 1U) << "nothing but the time has moved";
}

TEST_F(RolloutBooks, LooksAtDevicesOnlyWhenOneHasMoved) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].success_percent = 100;
    begin(plan);
    poll_all();
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    Device& device = *devices_->find("device-1");
    device.rollouts.at("spring").step = RolloutStep::kDone;  // behind the book's back
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning) << "nobody looked";
    change("device-0", [](Device& it) { it.report->state = "idle"; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning) << "that changes nothing for it";
    change("device-0", [](Device& it) { it.is_blocked = true; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
}

TEST_F(RolloutBooks, ADeviceThatMovesToAnotherClassFreesTheRollout) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].success_percent = 100;
    begin(plan);
    ASSERT_TRUE(poll("device-0"));
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
    change("device-1", [](Device& device) { device.report->target.component = "radio"; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
}

TEST_F(RolloutBooks, KeepsToTheNumberUnderWay) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.under_way_max = 3;
    begin(plan);
    const auto first = poll_all();
    EXPECT_EQ(first.size(), 3U);
    restart();
    EXPECT_EQ(poll_all(), first);
    receipt(*first.begin(), 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_TRUE(book_->step(now_).value()) << "there is room for another";
    EXPECT_EQ(poll_all().size(), 3U);
    EXPECT_EQ(book_->count(*book_->find("spring")).done, 1U);
}

TEST_F(RolloutBooks, ARetryTakesARoomAndIsRememberedAsAFailure) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.under_way_max = 1;
    plan.abort_percent = 20;
    begin(plan);
    const std::string first = *poll_all().begin();
    receipt(first, 2, ledger::ReceiptEvent::kFailed);
    EXPECT_EQ(book_->find("spring")->under_way, 0U);
    EXPECT_TRUE(book_->step(now_).value()) << "there is room for another";
    ASSERT_TRUE(poll(first));
    const RolloutProgress& progress = devices_->find(first)->rollouts.at("spring");
    EXPECT_EQ(progress.step, RolloutStep::kOffered);
    EXPECT_TRUE(progress.is_retry);
    EXPECT_EQ(book_->find("spring")->under_way, 1U);
    restart();
    EXPECT_EQ(book_->count(*book_->find("spring")).retried, 1U);
    EXPECT_EQ(poll_all(), std::set<std::string>{first}) << "the others have no room";
    receipt(first, 2, ledger::ReceiptEvent::kVerified);
    EXPECT_EQ(book_->count(*book_->find("spring")).retried, 1U);

    add_release(1, ledger::Urgency::kUrgent);  // overtakes: what failed stays known
    ASSERT_TRUE(poll(first));
    EXPECT_EQ(devices_->find(first)->rollouts.at("spring").step, RolloutStep::kFailed);
    EXPECT_EQ(book_->find("spring")->under_way, 0U);
    receipt(first, 2, ledger::ReceiptEvent::kConfirmed);
    const RolloutTally counts = book_->count(*book_->find("spring"));
    EXPECT_EQ(counts.done, 1U);
    EXPECT_EQ(counts.failed + counts.retried, 0U);
}

TEST_F(RolloutBooks, ADoneRolloutKeepsItsSafeguards) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].success_percent = 50;
    plan.deadlines.offered = hours(1);
    begin(plan);
    poll_all();
    for (int i = 0; i < 5; ++i) {
        receipt("device-" + std::to_string(i), 2, ledger::ReceiptEvent::kConfirmed);
    }
    ASSERT_TRUE(book_->step(now_));
    ASSERT_EQ(state("spring").stage, RolloutStage::kDone);
    now_ += hours(1);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->find("spring")->under_way, 0U) << "the silent ones failed at their deadline";
    EXPECT_EQ(state("spring").stage, RolloutStage::kAborted);
}

TEST_F(RolloutBooks, ADeviceThatBeganGoesOnUnderAnotherVersion) {
    add_devices(1);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.filter.versions = {"1.0"};
    begin(plan);
    poll_all();
    devices_->find("device-0")->report->version = "1.0-rescue";
    EXPECT_EQ(decide("device-0").verdict, AssignmentVerdict::kAssigned);
}

TEST_F(RolloutBooks, TheSamePlanTwiceIsOneRollout) {
    add_release(2);
    EXPECT_EQ(book_->create(plan_of("spring", 2), now_), RolloutBook::Created::kNew);
    EXPECT_EQ(book_->create(plan_of("spring", 2), now_), RolloutBook::Created::kKnown);
    RolloutPlan other = plan_of("spring", 2);
    other.priority = 1;
    const auto refused = book_->create(other, now_);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(std::errc::file_exists));
    EXPECT_FALSE(book_->act("autumn", RolloutBook::Action::kPause, now_));
}

TEST_F(RolloutBooks, APlanThatIsTooLargeWithItsDefaultsIsRefusedAtOnce) {
    const auto plan_with = [](std::size_t devices) {
        std::string text = R"({"id":"large","release":")" + to_hex(leaf_of(2).view()) + R"(","filter":{"devices":[)";
        for (std::size_t i = 0; i < devices; ++i) {
            text += (i == 0 ? "\"" : ",\"") + std::string(125, 'a') + "\"";
        }
        return text + "]}}";
    };
    std::size_t devices = 0;
    while (plan_with(devices + 1).size() <= kPlanBytesMax) ++devices;
    const auto plan = parse_rollout_plan(plan_with(devices));
    ASSERT_TRUE(plan) << plan.error().to_string();
    const auto refused = book_->create(*plan, now_);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(Refusal::kLimitExceeded));
    auto smaller = parse_rollout_plan(plan_with(devices - 10));
    EXPECT_TRUE(book_->create(std::move(*smaller), now_));
    restart();
    EXPECT_NE(book_->find("large"), nullptr);
}

TEST_F(RolloutBooks, WhatIsNotOnDiskDidNotHappen) {
    auto store = std::make_unique<test::MemoryStore>();
    test::MemoryStore& disk = *store;
    open(std::move(store));
    add_release(2);
    add_devices(1);
    begin(plan_of("spring", 2));
    disk.break_down();
    EXPECT_FALSE(book_->act("spring", RolloutBook::Action::kPause, now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
    EXPECT_FALSE(book_->create(plan_of("autumn", 2), now_));
    EXPECT_EQ(book_->find("autumn"), nullptr);
}

TEST_F(RolloutBooks, OnlyWhatIsOverIsDeleted) {
    add_devices(2);
    add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    const auto refused = book_->remove("spring");
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(std::errc::operation_not_permitted));
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kPause, now_));
    EXPECT_FALSE(book_->remove("spring"));
    EXPECT_TRUE(book_->remove("autumn").error().is(std::errc::no_such_file_or_directory));
    EXPECT_TRUE(devices_->find("device-0")->rollouts.contains("spring"));
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAbort, now_));
    const std::uint64_t before = book_->generation();
    ASSERT_TRUE(book_->remove("spring"));
    EXPECT_NE(book_->generation(), before);
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(book_->find("spring"), nullptr);
        for (const auto& [id, device] : devices_->devices()) EXPECT_TRUE(device.rollouts.empty()) << id;
        restart();
    }
    EXPECT_EQ(book_->create(plan_of("spring", 2), now_), RolloutBook::Created::kNew);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->count(*book_->find("spring")).waiting, 2U) << "a new one, which nobody has begun";
}

TEST_F(RolloutBooks, TheReleaseOfADeletedRolloutDoesNotGoOutByItself) {
    add_devices(3);
    add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAbort, now_));
    ASSERT_TRUE(book_->remove("spring"));
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(decide("device-0").verdict, AssignmentVerdict::kNoRelease);
        EXPECT_TRUE(book_->is_cancelled(*devices_->find("device-0"), leaf_of(2)))
            << "it has it, and does not start it";
        restart();
    }
    begin(plan_of("again", 2));
    EXPECT_EQ(offered_sequence("device-0"), 2U);
    EXPECT_FALSE(book_->is_cancelled(*devices_->find("device-0"), leaf_of(2)));
    ASSERT_TRUE(book_->act("again", RolloutBook::Action::kAbort, now_));
    EXPECT_TRUE(book_->is_cancelled(*devices_->find("device-0"), leaf_of(2)));
}

TEST_F(RolloutBooks, DevicesOfADoneRolloutThatIsDeletedGoOn) {
    add_devices(10);
    add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    for (int i = 0; i < 9; ++i) receipt("device-" + std::to_string(i), 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_EQ(state("spring").stage, RolloutStage::kDone);
    ASSERT_TRUE(book_->remove("spring"));
    EXPECT_FALSE(book_->is_cancelled(*devices_->find("device-9"), leaf_of(2)));
    receipt("device-9", 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_EQ(devices_->find("device-9")->confirmed_sequence, 2U);
}

TEST_F(RolloutBooks, ADeletionThatIsNotOnDiskDidNotHappen) {
    auto store = std::make_unique<test::MemoryStore>();
    test::MemoryStore& disk = *store;
    open(std::move(store));
    add_devices(1);
    add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAbort, now_));
    disk.break_down();
    EXPECT_FALSE(book_->remove("spring"));
    EXPECT_NE(book_->find("spring"), nullptr);
    EXPECT_TRUE(devices_->find("device-0")->rollouts.contains("spring"));
}

TEST_F(RolloutBooks, AnotherGenerationAlsoIfOneComesAsAnotherGoes) {
    add_devices(1);
    add_release(2);
    begin(plan_of("spring", 2));
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAbort, now_));
    const std::uint64_t before = book_->generation();
    ASSERT_TRUE(book_->remove("spring"));
    begin(plan_of("autumn", 2));
    EXPECT_NE(book_->generation(), before) << "as many rollouts as before, but others";
}

TEST_F(RolloutBooks, TheOperatorOpensTheNextPhaseAtOnceAndForGood) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].percent = 10;
    plan.phases.emplace_back();
    begin(plan);
    EXPECT_EQ(poll_all().size(), 1U);
    ASSERT_TRUE(book_->act("spring", RolloutBook::Action::kAdvance, now_));
    restart();
    EXPECT_EQ(state("spring").phase, 1U);
    EXPECT_EQ(poll_all().size(), 10U);
}

TEST_F(RolloutBooks, BeginsAtItsBeginByItself) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.begin = now_ + hours(1);
    begin(plan);
    EXPECT_EQ(decide("device-0").verdict, AssignmentVerdict::kNotBegun);
    restart();
    ASSERT_TRUE(book_->step(now_));
    now_ += hours(1) - seconds(1);
    EXPECT_FALSE(book_->step(now_).value());
    now_ += seconds(1);
    EXPECT_TRUE(book_->step(now_).value()) << "devices that wait are told";
    EXPECT_EQ(poll_all().size(), 2U);
}

TEST_F(RolloutBooks, AtItsEndNobodyBeginsAndWhoBeganGoesOn) {
    add_devices(3);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.end = now_ + hours(1);
    begin(plan);
    ASSERT_TRUE(poll("device-0"));
    ASSERT_TRUE(poll("device-1"));
    ASSERT_TRUE(book_->step(now_));
    now_ += hours(1);
    ASSERT_TRUE(book_->step(now_));
    for (int restarts = 0; restarts < 2; ++restarts) {
        EXPECT_EQ(state("spring").stage, RolloutStage::kEnded);
        EXPECT_EQ(state("spring").reason, "its end has come: 3 of 3 devices had not confirmed");
        EXPECT_EQ(decide("device-0").verdict, AssignmentVerdict::kAssigned);
        EXPECT_EQ(decide("device-2").verdict, AssignmentVerdict::kEnded);
        EXPECT_FALSE(book_->is_cancelled(*devices_->find("device-0"), leaf_of(2))) << "it may start it";
        restart();
    }
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    receipt("device-1", 2, ledger::ReceiptEvent::kFailed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(count("spring").done, 1U);
    EXPECT_EQ(decide("device-1").verdict, AssignmentVerdict::kEnded) << "it does not try again";
    ASSERT_TRUE(book_->remove("spring"));
    EXPECT_FALSE(book_->is_cancelled(*devices_->find("device-1"), leaf_of(2)));
}

TEST_F(RolloutBooks, WhoseDevicesAllHadTheReleaseIsDoneUntilOneComesThatHasNot) {
    add_devices(2);
    add_release(2);
    for (const char* const id : {"device-0", "device-1"}) devices_->find(id)->confirmed_sequence = 2;
    for (const auto& [id, device] : devices_->devices()) ASSERT_TRUE(devices_->save(device));
    RolloutPlan plan = plan_of("spring", 2);
    plan.abort_percent = 0;
    begin(plan);
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
    restart();
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
    change("device-1", [](Device& device) { device.confirmed_sequence = 0; });  // it has a new key, say
    EXPECT_EQ(decide("device-1").verdict, AssignmentVerdict::kLaterPhase);
    EXPECT_TRUE(book_->step(now_).value());
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
    EXPECT_EQ(offered_sequence("device-1"), 2U);
}

TEST_F(RolloutBooks, WithoutAnyDeviceItWaitsForOne) {
    add_devices(1);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.filter.sites = {"kiel"};
    begin(plan);
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
}

TEST_F(RolloutBooks, CountsThoseThatHaveBegunOfAllRolloutsAtOnce) {
    add_devices(10);
    add_release(2);
    add_release(3, ledger::Urgency::kUrgent);
    RolloutPlan few = plan_of("few", 3);
    few.filter.devices = {"device-0", "device-1"};
    begin(few);
    begin(plan_of("rest", 2));
    poll_all();
    receipt("device-0", 3, ledger::ReceiptEvent::kConfirmed);
    receipt("device-9", 2, ledger::ReceiptEvent::kFailed);
    const auto begun = book_->count_begun();
    EXPECT_EQ(begun.at("few").done, 1U);
    EXPECT_EQ(begun.at("few").under_way, 1U);
    EXPECT_EQ(begun.at("rest").failed, 1U);
    EXPECT_EQ(begun.at("rest").given_up, 0U);
    hold_often("device-9", 2);
    EXPECT_EQ(book_->count_begun().at("rest").given_up, 1U);
    EXPECT_EQ(begun.at("rest").under_way, 7U);
    EXPECT_EQ(begun.at("rest").under_way, book_->count(*book_->find("rest")).under_way);
}

}  // namespace
}  // namespace assay::gateway
