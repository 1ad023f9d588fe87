#include "gateway/dispatch/assignment.hpp"

#include <gtest/gtest.h>

#include "tests/support/memory_store.hpp"

namespace assay::gateway {
namespace {

using std::chrono::seconds;

constexpr Timestamp kNow{seconds(1'800'000'000)};

ledger::ReleaseKey target(std::string component = "firmware") {
    ledger::ReleaseKey key;
    key.vendor[0] = std::byte{1};
    key.device_class[0] = std::byte{2};
    key.component = std::move(component);
    return key;
}

class Assignments : public testing::Test {
  protected:
    Assignments() {
        device_.id = "device-1";
        device_.report.emplace();
        device_.report->target = target();
    }

    CatalogEntry& add(std::uint64_t sequence, ReleaseStage stage = ReleaseStage::kReady) {
        KnownRelease release;
        release.leaf.bytes[0] = static_cast<std::byte>(sequence);
        release.record.vendor = target().vendor;
        release.record.device_class = target().device_class;
        release.record.component = target().component;
        release.record.sequence = sequence;
        release.record.images.emplace_back();
        CatalogEntry& entry = catalog_.add(release);
        entry.stage = stage;
        return entry;
    }
    [[nodiscard]] AssignmentDecision decide() const {
        const DispatchRules rules{catalog_, book_};
        return decide_assignment(device_, rules, kNow);
    }

    Device device_;
    ReleaseCatalog catalog_;
    test::MemoryStore store_;
    DeviceRegistry devices_ = DeviceRegistry::open(store_).value();
    RolloutBook book_{store_, devices_, catalog_};  // without rollouts
};

TEST_F(Assignments, GivesABlankDeviceTheNewestReadyRelease) {
    add(1);
    add(3);
    add(2);
    add(4, ReleaseStage::kVerifying);
    const auto decision = decide();
    EXPECT_EQ(decision.verdict, AssignmentVerdict::kAssigned);
    EXPECT_EQ(decision.release->release.record.sequence, 3U);
}

TEST_F(Assignments, OffersNothingThatIsNotReady) {
    for (const ReleaseStage stage :
         {ReleaseStage::kFound, ReleaseStage::kRetrieving, ReleaseStage::kVerifying,
          ReleaseStage::kWaiting, ReleaseStage::kRefused}) {
        ReleaseCatalog fresh;
        std::swap(fresh, catalog_);
        add(1, stage);
        EXPECT_EQ(decide().verdict, AssignmentVerdict::kNoRelease) << to_string(stage);
    }
}

TEST_F(Assignments, AnotherTargetGetsNothing) {
    add(1);
    device_.report->target = target("modem");
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNoRelease);
    device_.report->target = target();
    device_.report->target.device_class[0] = std::byte{9};
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNoRelease);
    device_.report->target = target();
    device_.report->target.vendor[0] = std::byte{9};
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNoRelease);
}

TEST_F(Assignments, NeverLeadsADeviceBack) {
    add(2);
    device_.report->sequence = 2;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kUpToDate);
    device_.report->sequence = 3;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kUpToDate);
    // Its receipts say more than it remembers.
    device_.report->sequence = 0;
    device_.confirmed_sequence = 2;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kUpToDate);
}

TEST_F(Assignments, KeepsToWhatTheReleaseAppliesTo) {
    CatalogEntry& entry = add(5);
    entry.release.record.applies_to.emplace();
    entry.release.record.applies_to->from_sequence = 2;
    entry.release.record.applies_to->to_sequence = 3;
    device_.report->sequence = 1;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNotApplicable);
    device_.report->sequence = 2;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kAssigned);
    device_.report->sequence = 4;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNotApplicable);
}

TEST_F(Assignments, KeepsToTheTimesOfTheRelease) {
    CatalogEntry& entry = add(1);
    const auto now = static_cast<std::uint64_t>(kNow.time_since_epoch().count());
    entry.release.record.not_before = now + 1;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kNotYetValid);
    entry.release.record.not_before = now;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kAssigned);
    entry.release.record.expires = now;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kExpired);
    entry.release.record.expires = now + 1;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kAssigned);
}

TEST_F(Assignments, AFailedReleaseWaitsLongerEachTime) {
    const CatalogEntry& entry = add(1);
    const auto fails = [&]() -> Hold& {
        hold_back(device_, entry.release.leaf, kNow);
        return device_.holds.back();
    };
    EXPECT_EQ(fails().until, kNow + seconds(30));
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kHeldBack);
    EXPECT_EQ(fails().until, kNow + seconds(60));
    device_.holds.back().until = kNow;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kAssigned);
    while (device_.holds.back().failures < kFailuresMax) EXPECT_LE(fails().until, kNow + seconds(3600));
    device_.holds.back().until = kNow;
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kGivenUp);
    add(2);
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kAssigned) << "a newer release is another matter";
}

TEST_F(Assignments, TwoReleasesThatFailInTurnAreBothGivenUp) {
    for (unsigned i = 0; i < kFailuresMax; ++i) {
        hold_back(device_, add(1).release.leaf, kNow);
        hold_back(device_, add(2).release.leaf, kNow);
    }
    ASSERT_EQ(device_.holds.size(), 2U);
    EXPECT_EQ(decide().verdict, AssignmentVerdict::kGivenUp);
    EXPECT_EQ(judge_release(device_, add(1), kNow), AssignmentVerdict::kGivenUp);
    for (std::uint64_t sequence = 3; sequence < 30; ++sequence) {
        hold_back(device_, add(sequence).release.leaf, kNow);
    }
    EXPECT_EQ(device_.holds.size(), kHoldsMax);
}

TEST_F(Assignments, SaysThatAReleaseWasRecalled) {
    CatalogEntry& entry = add(1);
    entry.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kReleaseRecalled), ""));
    EXPECT_EQ(judge_release(device_, entry, kNow), AssignmentVerdict::kRecalled);
    entry.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kKeyRevoked), ""));
    EXPECT_EQ(judge_release(device_, entry, kNow), AssignmentVerdict::kRecalled);
    entry.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kImageDigestMismatch), ""));
    EXPECT_EQ(judge_release(device_, entry, kNow), AssignmentVerdict::kNotReady);
}

TEST(PollSleep, GrowsWithTheFleet) {
    EXPECT_EQ(poll_sleep_ms(0), 1'000U);
    EXPECT_EQ(poll_sleep_ms(20), 1'000U);
    EXPECT_EQ(poll_sleep_ms(1'000), 10'000U);
    EXPECT_EQ(poll_sleep_ms(1'000'000), 300'000U);
}

}  // namespace
}  // namespace assay::gateway
