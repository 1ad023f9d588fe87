// What becomes of a rollout's devices beside its plan: they fall back, are blocked, come too late, or get the
// release elsewhere.

#include <gtest/gtest.h>

#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "tests/unit/gateway/dispatch/rollout_books.hpp"

namespace assay::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test_rollouts::plan_of;

class RolloutDevices : public test_rollouts::RolloutBooks {};

TEST_F(RolloutDevices, ADoneRolloutIsLookedAtOnlyForItsOwnDevices) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.filter.devices = {"device-0", "device-1", "device-2", "device-3", "device-4"};
    begin(plan);
    poll_all();
    for (int i = 0; i < 5; ++i) receipt("device-" + std::to_string(i), 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_EQ(state("spring").stage, RolloutStage::kDone);
    for (int restarts = 0; restarts < 2; ++restarts) {
        ASSERT_FALSE(book_->find("spring")->touched);
        report("device-9", 1);
        report("device-0", 2);
        change("device-0", [](Device& device) { device.report->state = "idle"; });
        EXPECT_FALSE(book_->find("spring")->touched);
        restart();
        EXPECT_TRUE(book_->find("spring")->touched) << "what came last before it may not have been looked at";
        ASSERT_TRUE(book_->step(now_));
    }
    receipt("device-0", 2, ledger::ReceiptEvent::kRolledBack);
    EXPECT_TRUE(book_->find("spring")->touched);
}

TEST_F(RolloutDevices, WakesOnceForRoomAndForNobodyWhoIsGivenUp) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.under_way_max = 1;
    plan.abort_percent = 0;
    begin(plan);
    ASSERT_EQ(poll_all().size(), 1U);
    const std::string first = devices_->find("device-0")->rollouts.empty() ? "device-1" : "device-0";
    const std::string other = first == "device-0" ? "device-1" : "device-0";
    receipt(first, 2, ledger::ReceiptEvent::kFailed);
    EXPECT_TRUE(book_->step(now_).value());
    change(first, [](Device& device) { device.site = "kiel"; });
    EXPECT_FALSE(book_->step(now_).value()) << "who waits knows";
    ASSERT_TRUE(poll(other));
    hold_often(first, 2);
    receipt(other, 2, ledger::ReceiptEvent::kConfirmed);
    EXPECT_FALSE(book_->step(now_).value()) << "the room is for nobody";
    EXPECT_EQ(count("spring").given_up, 1U);
}

TEST_F(RolloutDevices, ALateDeviceIsHeldBackAndGivenUpInTheEnd) {
    add_devices(1);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.deadlines.offered = hours(1);
    plan.abort_percent = 0;
    begin(plan);
    unsigned offers = 0;
    for (int half_hour = 0; half_hour < 100; ++half_hour) {
        if (step_or_none("device-0", "spring") != RolloutStep::kOffered && poll("device-0")) ++offers;
        const RolloutStep before = step_of("device-0", "spring");
        now_ += minutes(30);
        ASSERT_TRUE(book_->step(now_));
        if (before != step_of("device-0", "spring")) {
            EXPECT_EQ(offered_sequence("device-0"), 0U) << "not at once";
        }
    }
    EXPECT_EQ(offers, kFailuresMax);
    EXPECT_EQ(decide("device-0").verdict, AssignmentVerdict::kGivenUp);
    receipt("device-0", 2, ledger::ReceiptEvent::kVerified);
    EXPECT_EQ(step_of("device-0", "spring"), RolloutStep::kVerified) << "it comes after all";
    EXPECT_EQ(count("spring").retried, 1U);
    EXPECT_EQ(book_->find("spring")->under_way, 1U);
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone);
}

TEST_F(RolloutDevices, WaitsForNoDeviceThatIsBlockedOrNotApplicable) {
    add_devices(4);
    add_release(5).release.record.applies_to.emplace().from_sequence = 1;
    RolloutPlan plan = plan_of("spring", 5);
    plan.phases[0].success_percent = 100;
    for (int i = 0; i < 3; ++i) report("device-" + std::to_string(i), 1);
    change("device-1", [](Device& device) { device.is_blocked = true; });
    begin(plan);
    EXPECT_EQ(count("spring").members, 2U);
    EXPECT_EQ(decide("device-1").verdict, AssignmentVerdict::kBlocked);
    EXPECT_EQ(decide("device-3").verdict, AssignmentVerdict::kNotApplicable);
    ASSERT_TRUE(poll("device-0"));
    ASSERT_TRUE(poll("device-2"));
    receipt("device-0", 5, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kRunning);
    change("device-2", [](Device& device) { device.is_blocked = true; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone) << "also if it had begun";
    EXPECT_EQ(book_->find("spring")->under_way, 0U);
    change("device-2", [](Device& device) { device.is_blocked = false; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->find("spring")->under_way, 1U) << "and goes on when it is accepted again";
}

TEST_F(RolloutDevices, WhoGetsTheReleaseElsewhereHasIt) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].percent = 20;
    plan.phases.emplace_back();
    plan.filter.versions = {"1.0"};
    begin(plan);
    const auto first = poll_all();
    ASSERT_EQ(first.size(), 2U);
    const std::string began = *first.begin();
    receipt(began, 2, ledger::ReceiptEvent::kVerified);
    for (const std::string& id : first) {
        change(id, [](Device& device) {
            device.report->sequence = 3;
            device.report->version = "3.0";
        });
        EXPECT_EQ(step_of(id, "spring"), RolloutStep::kDone);
    }
    EXPECT_EQ(book_->find("spring")->under_way, 0U);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_EQ(state("spring").phase, 1U);
    for (const auto& [id, device] : devices_->devices()) {
        change(id, [](Device& it) { it.confirmed_sequence = 2; });
    }
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kDone) << "all got it before they were offered it";
    EXPECT_EQ(count("spring").done, 10U);
}

TEST_F(RolloutDevices, WhoHadTheReleaseBeforeItsPhaseIsNoSuccess) {
    add_devices(10);
    add_release(2);
    report("device-0", 2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].percent = 10;
    plan.phases.emplace_back();
    begin(plan);
    const std::string first = *poll_all().begin();
    for (const auto& [id, device] : devices_->devices()) {
        if (id != first) report(id, 2);
    }
    EXPECT_EQ(count("spring").members, 1U);
    EXPECT_EQ(count("spring").done, 0U);
}

TEST_F(RolloutDevices, AFallbackAfterTheConfirmationIsAFailure) {
    add_devices(10);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.phases[0].soak = hours(1);
    plan.abort_percent = 20;
    begin(plan);
    poll_all();
    for (int i = 0; i < 10; ++i) receipt("device-" + std::to_string(i), 2, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    ASSERT_TRUE(state("spring").met_since);
    receipt("device-0", 2, ledger::ReceiptEvent::kRolledBack);
    EXPECT_EQ(step_of("device-0", "spring"), RolloutStep::kFailed);
    change("device-0", [](Device& device) {
        device.confirmed_sequence = 0;
        device.report->sequence = 1;
    });
    EXPECT_EQ(offered_sequence("device-0"), 2U) << "and it is offered the release again";
    ASSERT_TRUE(poll("device-0"));
    EXPECT_EQ(count("spring").retried, 1U);
    receipt("device-1", 2, ledger::ReceiptEvent::kFailed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kAborted);
}

TEST_F(RolloutDevices, AnotherBoardUnderTheNameBeginsAnew) {
    add_devices(1);
    add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    receipt("device-0", 2, ledger::ReceiptEvent::kConfirmed);
    crypto::PublicKey key;
    key.bytes.assign(32, std::byte{7});
    ASSERT_TRUE(devices_->enrol({"device-0", {}, key, {}, {}}, DeviceRegistry::KeyChange::kReplace, now_));
    EXPECT_EQ(devices_->find("device-0")->confirmed_sequence, 0U);
    report("device-0", 0);
    ASSERT_TRUE(poll("device-0"));
    EXPECT_EQ(step_of("device-0", "spring"), RolloutStep::kOffered);
    EXPECT_EQ(count("spring").retried, 0U);
    EXPECT_EQ(book_->find("spring")->under_way, 1U);
}

TEST_F(RolloutDevices, AnotherBoardDoesNotAnswerForTheOldOne) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.abort_percent = 0;
    begin(plan);
    poll_all();
    receipt("device-0", 2, ledger::ReceiptEvent::kFailed);
    hold_often("device-0", 2);
    ASSERT_EQ(decide("device-0").verdict, AssignmentVerdict::kGivenUp);
    for (const std::string id : {"device-0", "device-1"}) {
        crypto::PublicKey key;
        key.bytes.assign(32, std::byte{7});
        change(id, [&](Device&) {
            const Enrolment board{id, {}, key, {}, {}};
            ASSERT_TRUE(devices_->enrol(board, DeviceRegistry::KeyChange::kReplace, now_));
        });
    }
    EXPECT_TRUE(book_->find("spring")->touched);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(book_->find("spring")->under_way, 0U);
    EXPECT_EQ(count("spring").waiting, 2U);
    EXPECT_EQ(poll_all().size(), 2U);
}

TEST_F(RolloutDevices, NobodyIsOverdueForTheTimeInWhichNoGatewayRan) {
    add_devices(2);
    add_release(2);
    RolloutPlan plan = plan_of("spring", 2);
    plan.deadlines.offered = std::chrono::hours(6);
    begin(plan);
    poll_all();
    change("device-1", [](Device& device) { device.is_blocked = true; });
    now_ += std::chrono::hours(7);
    restart();
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(step_of("device-0", "spring"), RolloutStep::kOffered);
    now_ += std::chrono::minutes(15);
    change("device-1", [](Device& device) { device.is_blocked = false; });
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(step_of("device-0", "spring"), RolloutStep::kFailed);
    EXPECT_EQ(step_of("device-1", "spring"), RolloutStep::kOffered) << "it could not come while it was blocked";
    change("device-0", [](Device& device) { device.is_blocked = true; });
    EXPECT_EQ(book_->count_begun().at("spring").failed, 0U);
}

TEST_F(RolloutDevices, EndsWithItsRelease) {
    add_devices(2);
    CatalogEntry& recalled = add_release(2);
    begin(plan_of("spring", 2));
    poll_all();
    recalled.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kReleaseRecalled), ""));
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("spring").stage, RolloutStage::kAborted);
    EXPECT_EQ(state("spring").reason, "the release is refused: release-recalled");
    restart();
    EXPECT_EQ(state("spring").stage, RolloutStage::kAborted);

    const auto now = static_cast<std::uint64_t>(now_.time_since_epoch().count());
    add_release(3).release.record.expires = now + 60;
    begin(plan_of("autumn", 3));
    ASSERT_TRUE(poll("device-0"));
    now_ += seconds(60);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("autumn").stage, RolloutStage::kRunning) << "what has begun goes on";
    EXPECT_TRUE(poll("device-0")) << "also over another connection";
    EXPECT_EQ(decide("device-1").verdict, AssignmentVerdict::kExpired);
    receipt("device-0", 3, ledger::ReceiptEvent::kConfirmed);
    ASSERT_TRUE(book_->step(now_));
    EXPECT_EQ(state("autumn").stage, RolloutStage::kAborted);
    EXPECT_EQ(state("autumn").reason, "the release has expired");
}

}  // namespace
}  // namespace assay::gateway
