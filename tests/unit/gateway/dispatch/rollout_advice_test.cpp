#include "gateway/dispatch/rollout_advice.hpp"

#include <gtest/gtest.h>

#include "ledger/core/state_overlay.hpp"
#include "tests/support/memory_store.hpp"

namespace assay::gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Timestamp kToday{seconds(1'800'000'000)};

ledger::LeafHash leaf_with(std::uint8_t value) {
    ledger::LeafHash leaf;
    leaf.bytes[0] = static_cast<std::byte>(value);
    return leaf;
}

RolloutPlan plan_with(const std::string& id, std::uint8_t release) {
    RolloutPlan plan;
    plan.id = id;
    plan.release = leaf_with(release);
    plan.phases.emplace_back();
    return plan;
}

class Advice : public testing::Test {
  protected:
    CatalogEntry& add_release(std::uint8_t sequence, const std::string& component = "firmware") {
        KnownRelease release;
        release.leaf = leaf_with(sequence);
        release.record.component = component;
        release.record.sequence = sequence;
        CatalogEntry& entry = catalog_.add(std::move(release));
        entry.stage = ReleaseStage::kReady;
        return entry;
    }
    void add_device(const std::string& id, const std::string& site, const std::string& tag) {
        ASSERT_TRUE(devices_.enrol({id, {}, {}, {}, {}}, DeviceRegistry::KeyChange::kRefuse, kToday));
        devices_.find(id)->site = site;
        devices_.find(id)->tags = {tag};
    }
    [[nodiscard]] std::vector<std::string> warnings(const RolloutPlan& plan) {
        return warnings_of(plan, catalog_.find(plan.release)->release.record, devices_, book_, catalog_);
    }
    [[nodiscard]] const Rollout& begin(const RolloutPlan& plan) {
        EXPECT_TRUE(book_.create(plan, kToday));
        return *book_.find(plan.id);
    }

    ReleaseCatalog catalog_;
    test::MemoryStore store_;
    DeviceRegistry devices_ = DeviceRegistry::open(store_).value();
    RolloutBook book_{store_, devices_, catalog_};
};

TEST_F(Advice, NamesTheLabelsThatNoDeviceHas) {
    add_release(2);
    add_device("dev-1", "hamburg", "canary");
    RolloutPlan plan = plan_with("spring", 2);
    EXPECT_TRUE(warnings(plan).empty());
    plan.filter.sites = {"hamburg"};
    plan.filter.tags = {"canary"};
    plan.filter.devices = {"dev-1"};
    EXPECT_TRUE(warnings(plan).empty());
    plan.filter.sites = {"hamburgg", "hamburg", "kiel"};
    plan.filter.tags = {"canary", "indoor"};
    for (int i = 0; i < 10; ++i) plan.filter.devices.push_back("x-" + std::to_string(i));
    const auto told = warnings(plan);
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[0], "no device is at the site hamburgg, kiel");
    EXPECT_EQ(told[1], "no device has the tag indoor");
    EXPECT_EQ(told[2], "no device is enrolled here as x-0, x-1, x-2, x-3, x-4, x-5, x-6, x-7 and 2 more");
}

TEST_F(Advice, NamesTheRolloutsThatTheSameDevicesArePartOf) {
    add_release(2);
    add_release(3);
    add_release(4, "radio");
    static_cast<void>(begin(plan_with("rival", 3)));
    static_cast<void>(begin(plan_with("other-target", 4)));
    static_cast<void>(begin(plan_with("same", 2)));
    static_cast<void>(begin(plan_with("stopped", 2)));
    ASSERT_TRUE(book_.act("stopped", RolloutBook::Action::kAbort, kToday));
    const auto told = warnings(plan_with("spring", 2));
    ASSERT_EQ(told.size(), 2U);
    EXPECT_NE(told[0].find("the same release goes out by same, too"), std::string::npos) << told[0];
    EXPECT_NE(told[1].find("goes out by rival:"), std::string::npos) << told[1];
    EXPECT_EQ(warnings(plan_with("same", 2)).size(), 1U) << "it is no rival of itself";
}

TEST_F(Advice, LabelsAreWhatDevicesCanHave) {
    DeviceFilter filter;
    filter.sites = {"hamburg"};
    filter.tags = {"canary.1"};
    filter.versions = {"Any Version"};
    EXPECT_TRUE(check_labels(filter));
    filter.tags.emplace_back("Canary");
    EXPECT_TRUE(check_labels(filter).error().is(Refusal::kMalformed));
    filter.tags.clear();
    filter.sites = {""};
    EXPECT_FALSE(check_labels(filter));
}

TEST_F(Advice, ARolloutWhoseEndIsPastIsRefused) {
    RolloutPlan plan = plan_with("spring", 2);
    EXPECT_TRUE(check_end(plan, kToday));
    plan.end = kToday + seconds(1);
    EXPECT_TRUE(check_end(plan, kToday));
    plan.end = kToday;
    const auto refused = check_end(plan, kToday);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().to_string().find("end 2027-01-15T08:00:00Z is past"), std::string::npos);
}

TEST_F(Advice, AReleaseThatHasExpiredGoesToNobody) {
    const ledger::EmptyState state;
    const ConsortiumView consortium{state, 0, {}};
    KnownRelease release;
    EXPECT_FALSE(why_never_offered(consortium, release, kToday));
    release.record.expires = static_cast<std::uint64_t>(kToday.time_since_epoch().count());
    EXPECT_FALSE(why_never_offered(consortium, release, kToday - seconds(1)));
    const auto why = why_never_offered(consortium, release, kToday);
    ASSERT_TRUE(why);
    EXPECT_TRUE(why->is(Refusal::kReleaseExpired));
}

TEST_F(Advice, SaysWhatToDoNext) {
    CatalogEntry& entry = add_release(2);
    Rollout rollout = begin(plan_with("spring", 2));
    EXPECT_EQ(next_of(rollout, &entry, kToday), "");
    EXPECT_NE(next_of(rollout, nullptr, kToday).find("wait"), std::string::npos);
    entry.stage = ReleaseStage::kVerifying;
    EXPECT_NE(next_of(rollout, &entry, kToday).find("wait"), std::string::npos);
    entry.release.record.expires = static_cast<std::uint64_t>(kToday.time_since_epoch().count());
    EXPECT_EQ(next_of(rollout, &entry, kToday),
              "the release has expired and goes to nobody: assay rollout abort spring");
    EXPECT_NE(next_of(rollout, &entry, kToday - seconds(1)).find("wait"), std::string::npos);
    entry.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kReleaseRecalled), ""));
    EXPECT_EQ(next_of(rollout, &entry, kToday),
              "the release is refused (release-recalled) and goes to nobody: assay rollout abort spring");
    rollout.state.stage = RolloutStage::kDone;
    EXPECT_EQ(next_of(rollout, &entry, kToday), "");
}

TEST_F(Advice, SaysWhatAPhaseWaitsFor) {
    CatalogEntry& entry = add_release(2);
    RolloutPlan plan = plan_with("spring", 2);
    plan.phases[0].soak = hours(1);
    plan.phases[0].gate = true;
    plan.windows.windows.push_back(*WeeklyWindow::parse("daily 00:00-00:01"));
    Rollout rollout = begin(plan);
    RolloutTally counts;
    const auto wait = [&](Timestamp now = kToday) { return wait_of(rollout, &entry, counts, now); };
    EXPECT_EQ(wait(), "a device that matches");
    counts.members = 10;
    counts.done = 4;
    counts.under_way = 2;
    counts.waiting = 3;
    counts.failed = 1;
    EXPECT_EQ(wait(), "5 more of 10 devices to confirm, 2 under way, 3 wait for a window, 1 failed");
    counts.failed = 3;
    counts.given_up = 2;
    EXPECT_EQ(wait(),
              "5 more of 10 devices to confirm, 2 under way, 3 wait for a window, 3 failed, 2 of these given up");
    counts.given_up = 0;
    rollout.plan.windows.windows.clear();
    counts.failed = 0;
    EXPECT_EQ(wait(), "5 more of 10 devices to confirm, 2 under way, 3 not offered yet");
    rollout.state.met_since = kToday;
    EXPECT_EQ(wait(), "its soak time, 3600 s more");
    EXPECT_EQ(wait(kToday + hours(1)), "your approval");
    EXPECT_EQ(wait_of(rollout, nullptr, counts, kToday), "the release, which is not ready here");
    rollout.plan.begin = kToday + hours(1);
    EXPECT_EQ(wait(), "its begin, 2027-01-15T09:00:00Z");
    rollout.state.stage = RolloutStage::kPaused;
    EXPECT_EQ(wait(), "");
}

}  // namespace
}  // namespace assay::gateway
