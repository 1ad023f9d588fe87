#include "device/restart_plan.hpp"

#include <gtest/gtest.h>

#include "device/pacer.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

constexpr std::uint64_t kMidnight = 1'790'035'200;  // a multiple of a day
constexpr std::uint64_t kHour = 3600;

RestartPlan plan_with(const char* window) {
    RestartPlan plan;
    plan.window = protocol::parse_window(window);
    EXPECT_TRUE(plan.window) << window;
    return plan;
}

TEST(RestartPlan, WithoutAWindowThereIsNothingToWaitFor) {
    EXPECT_FALSE(why_to_wait({}, std::nullopt, kMidnight));
}

TEST(RestartPlan, AWindowIsOpenFromItsStartToItsEnd) {
    const RestartPlan plan = plan_with("02:00-04:30");
    EXPECT_TRUE(why_to_wait(plan, std::nullopt, kMidnight + 2 * kHour - 1));
    EXPECT_FALSE(why_to_wait(plan, std::nullopt, kMidnight + 2 * kHour));
    EXPECT_FALSE(why_to_wait(plan, std::nullopt, kMidnight + 4 * kHour + 1799));
    EXPECT_TRUE(why_to_wait(plan, std::nullopt, kMidnight + 4 * kHour + 1800));
}

TEST(RestartPlan, AWindowMayGoOverMidnight) {
    const RestartPlan plan = plan_with("22:00-01:00");
    EXPECT_FALSE(why_to_wait(plan, std::nullopt, kMidnight + 23 * kHour));
    EXPECT_FALSE(why_to_wait(plan, std::nullopt, kMidnight));
    EXPECT_TRUE(why_to_wait(plan, std::nullopt, kMidnight + kHour));
    EXPECT_EQ(why_to_wait(plan, std::nullopt, kMidnight + 12 * kHour),
              "outside the maintenance window");
}

TEST(RestartPlan, WindowsAreReadStrictly) {
    EXPECT_EQ(protocol::to_string(protocol::parse_window("00:00-23:59").value()), "00:00-23:59");
    for (const char* bad : {"", "02:00", "2:00-04:00", "24:00-04:00", "02:60-04:00", "02:00-02:00",
                            "02:00-04:00 ", "+2:00-04:00", "02-00-04:00"}) {
        EXPECT_FALSE(protocol::parse_window(bad)) << bad;
    }
}

class PostponeTest : public testing::Test {
  protected:
    Postponement wait(std::uint64_t now, std::uint64_t seconds) {
        return postpone(folder_.path(), storage_, plan_, pending_, now, seconds).value();
    }
    [[nodiscard]] bool waits(std::uint64_t now) {
        return why_to_wait(plan_, read_postponement(folder_.path(), storage_), now).has_value();
    }
    test::TempDir folder_;
    DiskStorage storage_;
    RestartPlan plan_{std::nullopt, 10'000};
    std::optional<ledger::LeafHash> pending_;
};

TEST_F(PostponeTest, TheOwnerMayPutARestartOff) {
    EXPECT_FALSE(waits(1000));
    EXPECT_EQ(wait(1000, 500), (Postponement{1500, 1000, std::nullopt}));
    EXPECT_TRUE(waits(1499));
    EXPECT_FALSE(waits(1500));
}

TEST_F(PostponeTest, ButNotForEver) {
    pending_ = ledger::LeafHash();
    for (std::uint64_t now = 1000; now < 30'000; now += 2000) {
        EXPECT_LE(wait(now, UINT64_MAX).until, 11'000U);
    }
    EXPECT_FALSE(waits(11'000));
}

TEST_F(PostponeTest, EachReleaseHasItsOwnTime) {
    ledger::LeafHash first, second;
    second.bytes[0] = std::byte{2};
    pending_ = first;
    EXPECT_EQ(wait(1000, UINT64_MAX).until, 11'000U);
    EXPECT_TRUE(read_postponement(folder_.path(), storage_)->is_about(first));
    EXPECT_FALSE(read_postponement(folder_.path(), storage_)->is_about(second));
    EXPECT_EQ(wait(9000, UINT64_MAX).until, 11'000U);
    pending_ = second;
    EXPECT_EQ(wait(9000, UINT64_MAX).until, 19'000U);
    EXPECT_EQ(read_postponement(folder_.path(), storage_)->release, second);
}

TEST_F(PostponeTest, WithNothingToWaitForAnEndedOneBeginsAnew) {
    EXPECT_EQ(wait(1000, UINT64_MAX).until, 11'000U);
    EXPECT_EQ(wait(5000, UINT64_MAX).until, 11'000U) << "it lasts: the next release may come any time";
    EXPECT_EQ(wait(20'000, 3600).until, 23'600U);
    EXPECT_TRUE(waits(23'599));
    pending_ = ledger::LeafHash();
    EXPECT_EQ(wait(29'000, UINT64_MAX).until, 30'000U) << "since the one that was for the next";
}

TEST_F(PostponeTest, MadeWithTheClockAheadItDoesNotHold) {
    wait(1'000'000, UINT64_MAX);
    EXPECT_FALSE(waits(1000));
}

TEST_F(PostponeTest, AndMayChangeHisMind) {
    wait(1000, 5000);
    wait(1100, 0);
    EXPECT_FALSE(waits(1100));
}

TEST_F(PostponeTest, ADamagedFileHoldsNothingUp) {
    for (const char* bad : {"", "x", "99999999999", "1 2", "1 2\n", "1 2 next", "1 2 x\n", "-1 2 next\n"}) {
        ASSERT_TRUE(storage_.replace(folder_ / "postponed", as_bytes(bad)));
        EXPECT_FALSE(waits(0)) << bad;
    }
}

TEST(Pacer, TakesAtLeastTheTimeThatTheRateAllows) {
    Pacer pacer(1'000'000);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) pacer.took(20'000);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(100));
    Pacer unlimited(0);
    unlimited.took(SIZE_MAX);
}

}  // namespace
}  // namespace assay::device
