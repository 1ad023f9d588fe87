#include "gateway/dispatch/rollout.hpp"

#include <algorithm>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/rollout_json.hpp"

namespace assay::gateway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kStart{seconds(1'800'000'000)};

RolloutPhase phase(unsigned percent, unsigned success = 90) {
    RolloutPhase out;
    out.percent = percent;
    out.success_percent = success;
    return out;
}

// A rollout over `devices` matching ones, driven by hand.
class Fleet {
  public:
    Fleet(std::size_t devices, std::vector<RolloutPhase> phases) {
        plan.id = "spring";
        plan.phases = std::move(phases);
        for (std::size_t i = 0; i < devices; ++i) {
            RolloutMember member;
            member.place = place_of(plan.id, "device-" + std::to_string(i));
            members.push_back(member);
        }
        std::ranges::sort(members, {}, &RolloutMember::place);
    }
    bool advance() { return gateway::advance(plan, state, members, others_have_it, now); }
    RolloutTally count() const { return tally(state, members); }
    // The first `n` members of the open phases that are not there yet.
    void bring(std::size_t n, RolloutStep step) {
        for (RolloutMember& member : members) {
            const bool in = member.place <= state.last_place.value_or(0);
            if (n == 0) return;
            if (!in || member.step) continue;
            member.step = step;
            --n;
        }
    }

    RolloutPlan plan;
    RolloutState state;
    std::vector<RolloutMember> members;
    bool others_have_it = false;
    Timestamp now = kStart;
};

TEST(Rollout, OpensExactlyThePercentageOfAPhase) {
    Fleet fleet(1000, {phase(1), phase(10), phase(55), phase(100)});
    EXPECT_TRUE(fleet.advance());
    for (const std::uint64_t wanted : {10U, 100U, 550U, 1000U}) {
        EXPECT_EQ(fleet.count().members, wanted);
        EXPECT_EQ(fleet.state.stage, RolloutStage::kRunning);
        fleet.bring(1000, RolloutStep::kDone);
        EXPECT_TRUE(fleet.advance());
    }
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
}

TEST(Rollout, APhaseHasADeviceIfThereIsAny) {
    Fleet fleet(7, {phase(1), phase(100)});
    fleet.advance();
    EXPECT_EQ(fleet.count().members, 1U);
    Fleet empty(0, {phase(1), phase(100)});
    EXPECT_FALSE(empty.advance());
    EXPECT_EQ(empty.state.phase, 0U) << "nobody has shown that the release is good";
    empty.members = fleet.members;
    EXPECT_TRUE(empty.advance());
    EXPECT_EQ(empty.count().members, 1U);
}

TEST(Rollout, IsDoneIfEveryDeviceHadTheReleaseAndBeginsWhenAnotherComes) {
    Fleet fleet(0, {phase(50), phase(100)});
    EXPECT_FALSE(fleet.advance()) << "there is no device yet";
    fleet.others_have_it = true;
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
    EXPECT_EQ(fleet.state.reason, "every device that it is for had the release already");
    EXPECT_FALSE(fleet.advance());
    fleet.members = Fleet(2, {phase(100)}).members;
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kRunning);
    EXPECT_EQ(fleet.state.reason, "");
    EXPECT_EQ(fleet.count().members, 1U) << "by its phases: the release is not shown to be good by them";
}

TEST(Rollout, WithNothingToDoItBeginsNoMoreAfterItsEnd) {
    Fleet fleet(0, {phase(100)});
    fleet.plan.end = kStart + hours(1);
    fleet.others_have_it = true;
    ASSERT_TRUE(fleet.advance());
    fleet.now += hours(1);
    fleet.members = Fleet(2, {phase(100)}).members;
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
}

TEST(Rollout, PlacesDependOnBothNamesAloneAndAreEven) {
    EXPECT_EQ(place_of("spring", "device-1"), place_of("spring", "device-1"));
    EXPECT_NE(place_of("spring", "device-1"), place_of("autumn", "device-1"));
    EXPECT_NE(place_of("a", "bc"), place_of("ab", "c"));
    EXPECT_EQ(place_of("spring", "device-1"), 0x2b9364fc2d79d5b9U) << "other versions draw the same";
    std::array<int, 16> buckets{};
    for (int i = 0; i < 16'000; ++i) ++buckets[place_of("spring", "device-" + std::to_string(i)) >> 60U];
    for (const int count : buckets) EXPECT_NEAR(count, 1000, 150);
}

TEST(Rollout, TheNextPhaseWaitsForSuccesses) {
    Fleet fleet(100, {phase(10, 80), phase(100)});
    fleet.advance();
    fleet.bring(7, RolloutStep::kDone);
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 0U);
    fleet.bring(1, RolloutStep::kDone);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 1U);
}

TEST(Rollout, SoaksAsLongAsTheGoalIsMet) {
    Fleet fleet(100, {phase(10, 80), phase(100)});
    fleet.plan.phases[0].soak = hours(1);
    fleet.plan.abort_percent = 0;
    fleet.advance();
    fleet.bring(8, RolloutStep::kDone);
    EXPECT_TRUE(fleet.advance());
    fleet.now += minutes(59);
    EXPECT_FALSE(fleet.advance());
    const auto last = std::ranges::find_if(fleet.members, [](const auto& m) { return m.step.has_value(); });
    last->step = RolloutStep::kFailed;  // one falls back
    EXPECT_TRUE(fleet.advance());
    EXPECT_FALSE(fleet.state.met_since);
    fleet.now += minutes(2);
    last->step = RolloutStep::kDone;
    EXPECT_TRUE(fleet.advance());
    fleet.now += minutes(59);
    EXPECT_FALSE(fleet.advance()) << "soaks anew";
    fleet.now += minutes(1);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 1U);
}

TEST(Rollout, AGateOpensByHandOnly) {
    Fleet fleet(10, {phase(10), phase(100)});
    fleet.plan.phases[0].gate = true;
    fleet.advance();
    EXPECT_FALSE(approve(fleet.plan, fleet.state, fleet.now)) << "nothing is proven yet";
    fleet.bring(1, RolloutStep::kDone);
    fleet.advance();
    fleet.now += hours(1000);
    EXPECT_FALSE(fleet.advance());
    EXPECT_TRUE(waits_at_gate(fleet.plan, fleet.state, fleet.now));
    ASSERT_TRUE(approve(fleet.plan, fleet.state, fleet.now));
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 1U);
    EXPECT_FALSE(fleet.state.approved) << "each gate wants an approval of its own";
}

TEST(Rollout, AbortsAtTheShareOfFailures) {
    Fleet fleet(1000, {phase(10), phase(100)});
    fleet.plan.abort_percent = 5;
    fleet.advance();
    fleet.bring(4, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance());
    fleet.bring(1, RolloutStep::kFailed);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted);
    EXPECT_EQ(fleet.state.reason, "5 of 100 devices failed");
    EXPECT_FALSE(resume(fleet.plan, fleet.state));
    EXPECT_FALSE(fleet.advance()) << "for good";
}

TEST(Rollout, AbortsOnlyOnceEnoughDevicesHaveFinished) {
    Fleet fleet(1000, {phase(10), phase(100)});
    fleet.plan.abort_finished_min = 20;
    fleet.advance();
    fleet.bring(12, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance()) << "a share of 12 % is enough, 12 devices are not";
    fleet.bring(7, RolloutStep::kDone);
    EXPECT_FALSE(fleet.advance());
    fleet.bring(10, RolloutStep::kOffered);
    EXPECT_FALSE(fleet.advance()) << "who is under way has not finished";
    fleet.bring(1, RolloutStep::kDone);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted);
    EXPECT_EQ(fleet.state.reason, "12 of 100 devices failed");
}

TEST(Rollout, NeverAbortsByItselfIfToldSo) {
    Fleet fleet(10, {phase(100)});
    fleet.plan.abort_percent = 0;
    fleet.advance();
    fleet.bring(10, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kRunning);
}

TEST(Rollout, PausedItOpensNothing) {
    Fleet fleet(10, {phase(10), phase(100)});
    fleet.advance();
    ASSERT_TRUE(pause(fleet.plan, fleet.state));
    fleet.bring(1, RolloutStep::kDone);
    EXPECT_FALSE(fleet.advance());
    EXPECT_FALSE(pause(fleet.plan, fleet.state));
    ASSERT_TRUE(resume(fleet.plan, fleet.state));
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 1U);
    ASSERT_TRUE(abort(fleet.plan, fleet.state));
    EXPECT_FALSE(abort(fleet.plan, fleet.state));
    EXPECT_FALSE(pause(fleet.plan, fleet.state));
}

TEST(Rollout, DoneItIsStillAbortedByFailuresAndCanBePaused) {
    Fleet fleet(100, {phase(100, 50)});
    fleet.advance();
    fleet.bring(50, RolloutStep::kDone);
    ASSERT_TRUE(fleet.advance());
    ASSERT_EQ(fleet.state.stage, RolloutStage::kDone);
    ASSERT_TRUE(pause(fleet.plan, fleet.state));
    EXPECT_FALSE(fleet.advance());
    ASSERT_TRUE(resume(fleet.plan, fleet.state));
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
    fleet.bring(9, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance());
    fleet.bring(1, RolloutStep::kFailed);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted);
}

TEST(Rollout, DoneItIsNoMoreEasilyAbortedAfterAPause) {
    Fleet fleet(10, {phase(100)});
    fleet.plan.phases[0].soak = hours(1);
    fleet.advance();
    fleet.bring(9, RolloutStep::kDone);
    ASSERT_TRUE(fleet.advance());
    fleet.now += hours(1);
    ASSERT_TRUE(fleet.advance());
    ASSERT_EQ(fleet.state.stage, RolloutStage::kDone);
    fleet.bring(1, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance());
    ASSERT_TRUE(pause(fleet.plan, fleet.state));
    ASSERT_TRUE(resume(fleet.plan, fleet.state));
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
}

TEST(Rollout, DoneItIsNotEndedByOneLateDeviceOfAFew) {
    Fleet fleet(5, {phase(100, 60)});
    fleet.advance();
    fleet.bring(3, RolloutStep::kDone);
    ASSERT_TRUE(fleet.advance());
    fleet.bring(2, RolloutStep::kFailed);
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
    RolloutMember& third = fleet.members.emplace_back(fleet.members[4]);
    ASSERT_EQ(third.step, RolloutStep::kFailed);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted);
}

TEST(Rollout, APhaseThatAllItsDevicesLeftIsOpenedAgain) {
    Fleet fleet(100, {phase(1), phase(100)});
    fleet.advance();
    fleet.members.erase(fleet.members.begin());  // the first by place: the phase's only device
    ASSERT_EQ(fleet.count().members, 0U);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 0U) << "the release is still to be shown to be good";
    EXPECT_EQ(fleet.count().members, 1U);
    fleet.bring(1, RolloutStep::kDone);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.phase, 1U);
}

TEST(Rollout, ARetryCountsAsAFailureUntilItConfirms) {
    Fleet fleet(10, {phase(100)});
    fleet.plan.abort_percent = 20;
    fleet.advance();
    fleet.bring(1, RolloutStep::kOffered);
    fleet.members[0].is_retry = true;
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.count().under_way, 1U);
    EXPECT_EQ(fleet.count().retried, 1U);
    fleet.bring(1, RolloutStep::kFailed);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted);
    EXPECT_EQ(fleet.state.reason, "2 of 10 devices failed");
}

TEST(Rollout, OpensNothingBeforeItsBegin) {
    Fleet fleet(10, {phase(100)});
    fleet.plan.begin = kStart + hours(1);
    fleet.now += hours(1) - seconds(1);
    EXPECT_FALSE(fleet.advance());
    EXPECT_FALSE(fleet.state.last_place);
    EXPECT_FALSE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
    fleet.now += seconds(1);
    EXPECT_TRUE(fleet.advance());
    EXPECT_EQ(fleet.count().members, 10U);
    EXPECT_EQ(fleet.state.phase_opened, fleet.now);
}

TEST(Rollout, WhatIsNotFinishedAtItsEndIsLeft) {
    for (const bool is_paused : {false, true}) {
        Fleet fleet(10, {phase(50), phase(100)});
        fleet.plan.end = kStart + hours(1);
        fleet.advance();
        fleet.bring(3, RolloutStep::kDone);
        if (is_paused) {
            ASSERT_TRUE(pause(fleet.plan, fleet.state));
        }
        fleet.now += hours(1) - seconds(1);
        EXPECT_FALSE(fleet.advance());
        fleet.now += seconds(1);
        EXPECT_TRUE(fleet.advance());
        EXPECT_EQ(fleet.state.stage, RolloutStage::kEnded);
        EXPECT_EQ(fleet.state.reason, "its end has come: 7 of 10 devices had not confirmed");
        EXPECT_FALSE(fleet.advance()) << "for good";
        EXPECT_FALSE(resume(fleet.plan, fleet.state));
        EXPECT_FALSE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
        EXPECT_TRUE(abort(fleet.plan, fleet.state)) << "those under way may still be stopped";
    }
}

TEST(Rollout, DoneItStaysSoAtItsEnd) {
    Fleet fleet(10, {phase(100)});
    fleet.plan.end = kStart + hours(1);
    fleet.advance();
    fleet.bring(9, RolloutStep::kDone);
    ASSERT_TRUE(fleet.advance());
    fleet.now += hours(2);
    EXPECT_FALSE(fleet.advance());
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
}

TEST(Rollout, LateComersJoinThePhaseThatTheyDraw) {
    Fleet fleet(1000, {phase(10), phase(100)});
    fleet.advance();
    const std::uint64_t last = *fleet.state.last_place;
    for (int i = 0; i < 1000; ++i) {
        RolloutMember member;
        member.place = place_of("spring", "late-" + std::to_string(i));
        fleet.members.push_back(member);
    }
    fleet.advance();
    EXPECT_EQ(*fleet.state.last_place, last);
    EXPECT_NEAR(static_cast<double>(fleet.count().members), 200, 40);
}

// Any history, written down and read again at each event, goes on exactly as if it had not been.
TEST(Rollout, ARestartChangesNothing) {
    std::uint64_t random = 7;
    const auto below = [&random](std::uint64_t n) {
        random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        return (random >> 33U) % n;
    };
    for (int history = 0; history < 50; ++history) {
        Fleet fleet(200, {phase(5, 80), phase(30, 70), phase(100, 95)});
        fleet.plan.phases[1].soak = minutes(10);
        fleet.plan.phases[0].gate = history % 2 == 0;
        fleet.plan.abort_percent = 40;
        Fleet restarted = fleet;
        for (int event = 0; event < 200; ++event) {
            fleet.now += seconds(below(120));
            RolloutMember& member = fleet.members[below(fleet.members.size())];
            if (member.place <= fleet.state.last_place.value_or(0)) {
                member.step = below(5) == 0 ? RolloutStep::kFailed : RolloutStep::kDone;
            }
            if (below(20) == 0) (void)pause(fleet.plan, fleet.state);
            if (below(5) == 0) (void)resume(fleet.plan, fleet.state);
            if (below(5) == 0) (void)approve(fleet.plan, fleet.state, fleet.now);
            fleet.advance();

            const auto text = boost::json::serialize(to_json(fleet.state));
            restarted.state = rollout_state_from(boost::json::parse(text).as_object());
            restarted.members = fleet.members;
            restarted.now = fleet.now;
            EXPECT_EQ(restarted.advance(), fleet.advance());
            ASSERT_EQ(boost::json::serialize(to_json(restarted.state)),
                      boost::json::serialize(to_json(fleet.state)));
        }
    }
}

TEST(RolloutAdmission, SaysWhyNot) {
    Fleet fleet(1, {phase(100)});
    Device device;
    device.id = "device-0";
    const auto verdict = [&](std::uint64_t under_way = 0) {
        return admit(fleet.plan, fleet.state, device, under_way, fleet.now);
    };
    EXPECT_EQ(verdict(), AssignmentVerdict::kLaterPhase);
    fleet.advance();
    EXPECT_EQ(verdict(), AssignmentVerdict::kAssigned);
    fleet.plan.under_way_max = 3;
    EXPECT_EQ(verdict(2), AssignmentVerdict::kAssigned);
    EXPECT_EQ(verdict(3), AssignmentVerdict::kTooMany);
    const auto day = static_cast<std::size_t>(0);
    fleet.plan.windows.windows.emplace_back();  // of no day
    EXPECT_EQ(verdict(), AssignmentVerdict::kWindowClosed);
    fleet.plan.windows.windows[day].days.fill(true);
    fleet.plan.windows.windows[day].length = 1440;
    EXPECT_EQ(verdict(), AssignmentVerdict::kAssigned);
    fleet.plan.windows.windows[day].days.fill(false);
    fleet.state.stage = RolloutStage::kPaused;
    EXPECT_EQ(verdict(), AssignmentVerdict::kPaused);
    device.rollouts.emplace("spring", RolloutProgress());
    EXPECT_EQ(verdict(3), AssignmentVerdict::kAssigned) << "what has begun goes on";
    fleet.state.stage = RolloutStage::kAborted;
    EXPECT_EQ(verdict(), AssignmentVerdict::kAborted) << "but not that";
}

TEST(RolloutAdmission, NobodyBeginsBeforeTheBeginOrAfterTheEnd) {
    Fleet fleet(1, {phase(100)});
    Device device;
    device.id = "device-0";
    const auto verdict = [&] { return admit(fleet.plan, fleet.state, device, 0, fleet.now); };
    fleet.plan.begin = kStart + hours(1);
    fleet.plan.end = kStart + hours(2);
    EXPECT_EQ(verdict(), AssignmentVerdict::kNotBegun);
    fleet.now = *fleet.plan.begin;
    fleet.advance();
    EXPECT_EQ(verdict(), AssignmentVerdict::kAssigned);
    fleet.now = *fleet.plan.end;
    EXPECT_EQ(verdict(), AssignmentVerdict::kEnded);
    fleet.advance();
    ASSERT_EQ(fleet.state.stage, RolloutStage::kEnded);
    EXPECT_EQ(verdict(), AssignmentVerdict::kEnded);
    device.rollouts.emplace("spring", RolloutProgress());
    EXPECT_EQ(verdict(), AssignmentVerdict::kAssigned) << "what has begun goes on";
    device.rollouts["spring"].step = RolloutStep::kFailed;
    EXPECT_EQ(verdict(), AssignmentVerdict::kEnded) << "what failed does not try again";
}

TEST(RolloutAdmission, ADeviceThatFailedWaitsLikeOneThatBegins) {
    Fleet fleet(1, {phase(100)});
    fleet.advance();
    fleet.plan.under_way_max = 3;
    Device device;
    device.id = "device-0";
    device.rollouts["spring"].step = RolloutStep::kFailed;
    const auto verdict = [&](std::uint64_t under_way = 0) {
        return admit(fleet.plan, fleet.state, device, under_way, fleet.now);
    };
    EXPECT_EQ(verdict(2), AssignmentVerdict::kAssigned);
    EXPECT_EQ(verdict(3), AssignmentVerdict::kTooMany);
    fleet.plan.windows.windows.emplace_back();  // of no day
    EXPECT_EQ(verdict(), AssignmentVerdict::kWindowClosed);
    fleet.state.stage = RolloutStage::kPaused;
    EXPECT_EQ(verdict(), AssignmentVerdict::kPaused);
}

TEST(RolloutFilter, MustBeMetInEveryPart) {
    Device device;
    device.id = "device-1";
    device.site = "hamburg";
    device.tags = {"canary", "indoor"};
    DeviceFilter filter;
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kNotReported);
    device.report.emplace();
    device.report->version = "1.0";
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kAssigned);
    filter.sites = {"kiel", "hamburg"};
    filter.tags = {"indoor", "canary"};
    filter.versions = {"0.9", "1.0"};
    filter.devices = {"device-1", "device-2"};
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kAssigned);
    device.report->version = "1.1";
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kOtherVersion);
    device.tags = {"canary"};
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kMissingTag);
    device.site = "bremen";
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kOtherSite);
    device.id = "device-3";
    EXPECT_EQ(match(filter, device), AssignmentVerdict::kNotListed);
}

TEST(RolloutDeadlines, HoldForEachStep) {
    RolloutPlan plan;
    plan.deadlines.offered = hours(1);
    plan.deadlines.installed = minutes(5);
    RolloutProgress progress;
    progress.since = kStart;
    EXPECT_EQ(deadline_of(plan, progress), kStart + hours(1));
    progress.step = RolloutStep::kVerified;
    EXPECT_FALSE(deadline_of(plan, progress)) << "0: none";
    progress.step = RolloutStep::kInstalled;
    EXPECT_EQ(deadline_of(plan, progress), kStart + minutes(5));
    for (const RolloutStep over : {RolloutStep::kDone, RolloutStep::kFailed}) {
        progress.step = over;
        EXPECT_FALSE(deadline_of(plan, progress));
    }
}

TEST(Rollout, TheOperatorMayOpenTheNextPhaseBeforeTheGoalIsMet) {
    Fleet fleet(100, {phase(10), phase(50), phase(100)});
    fleet.plan.phases[0].gate = true;
    fleet.plan.phases[0].soak = hours(24);
    EXPECT_FALSE(open_next(fleet.plan, fleet.state, {}, fleet.now)) << "nobody matches yet";
    fleet.advance();
    EXPECT_FALSE(open_next(fleet.plan, fleet.state, {}, fleet.now)) << "nobody matches any more";
    EXPECT_EQ(fleet.state.phase, 0U);
    fleet.bring(2, RolloutStep::kDone);
    ASSERT_TRUE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
    EXPECT_EQ(fleet.state.phase, 1U);
    EXPECT_EQ(fleet.count().members, 50U);
    ASSERT_TRUE(pause(fleet.plan, fleet.state));
    const auto paused = open_next(fleet.plan, fleet.state, fleet.members, fleet.now);
    ASSERT_FALSE(paused);
    EXPECT_TRUE(paused.error().is(std::errc::operation_not_permitted));
    ASSERT_TRUE(resume(fleet.plan, fleet.state));
    ASSERT_TRUE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
    EXPECT_EQ(fleet.count().members, 100U);
    fleet.bring(20, RolloutStep::kFailed);
    ASSERT_TRUE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
    EXPECT_EQ(fleet.state.stage, RolloutStage::kDone);
    EXPECT_FALSE(open_next(fleet.plan, fleet.state, fleet.members, fleet.now));
    fleet.advance();
    EXPECT_EQ(fleet.state.stage, RolloutStage::kAborted) << "the safeguards hold on";
}

TEST(RolloutProgress, GoesForwardAndForgetsNoFailureButByConfirmation) {
    using ledger::ReceiptEvent;
    RolloutProgress progress;
    const auto next = [&](ReceiptEvent event, std::string_view word = "") {
        progress = after_receipt(progress, event, word, kStart);
        return progress.step;
    };
    EXPECT_EQ(next(ReceiptEvent::kVerified), RolloutStep::kVerified);
    EXPECT_EQ(next(ReceiptEvent::kInstalled), RolloutStep::kInstalled);
    EXPECT_EQ(next(ReceiptEvent::kVerified), RolloutStep::kInstalled) << "sent again";
    EXPECT_EQ(next(ReceiptEvent::kRolledBack), RolloutStep::kFailed);
    EXPECT_EQ(progress.word, "rolled-back");
    EXPECT_EQ(next(ReceiptEvent::kInstalled), RolloutStep::kFailed);
    EXPECT_EQ(next(ReceiptEvent::kConfirmed), RolloutStep::kDone);
    EXPECT_EQ(next(ReceiptEvent::kInstalled), RolloutStep::kDone) << "sent again";
    EXPECT_EQ(next(ReceiptEvent::kRefused), RolloutStep::kDone) << "of what it has already";
    EXPECT_EQ(next(ReceiptEvent::kFailed, "slot-write-failed"), RolloutStep::kFailed) << "it fell back";
    EXPECT_EQ(next(ReceiptEvent::kVerified), RolloutStep::kFailed);
}

TEST(RolloutProgress, ALateDeviceGoesOnAndCountsAsFailedUntilItConfirms) {
    using ledger::ReceiptEvent;
    RolloutProgress late;
    late.step = RolloutStep::kFailed;
    late.word = kLateWord;
    const RolloutProgress installed = after_receipt(late, ReceiptEvent::kInstalled, "", kStart);
    EXPECT_EQ(installed.step, RolloutStep::kInstalled);
    EXPECT_TRUE(installed.is_retry);
    const RolloutProgress done = after_receipt(installed, ReceiptEvent::kConfirmed, "", kStart);
    EXPECT_EQ(done.step, RolloutStep::kDone);
    EXPECT_FALSE(done.is_retry);
    const RolloutProgress failed = after_receipt(late, ReceiptEvent::kFailed, "slot-write-failed", kStart);
    EXPECT_EQ(failed.word, "slot-write-failed");
}

}  // namespace
}  // namespace assay::gateway
