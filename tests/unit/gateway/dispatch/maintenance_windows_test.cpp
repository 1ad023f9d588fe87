#include "gateway/dispatch/maintenance_windows.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

constexpr std::int64_t kMonday = 1'782'691'200;  // 2026-06-29 00:00 UTC
constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kWholeDay = 24 * kHour;

bool is_open(const char* text, std::int64_t time, const char* zone = "UTC0") {
    MaintenanceWindows windows;
    windows.windows.push_back(WeeklyWindow::parse(text).value());
    windows.zone = TimeZone::parse(zone).value();
    return windows.is_open(Timestamp{std::chrono::seconds(time)});
}

TEST(MaintenanceWindows, AlwaysOpenWithoutAny) {
    EXPECT_TRUE(MaintenanceWindows().is_open(Timestamp{std::chrono::seconds(kMonday)}));
}

TEST(MaintenanceWindows, OpenFromTheFirstMinuteToTheLast) {
    EXPECT_FALSE(is_open("mon 02:00-04:30", kMonday + 2 * kHour - 1));
    EXPECT_TRUE(is_open("mon 02:00-04:30", kMonday + 2 * kHour));
    EXPECT_TRUE(is_open("mon 02:00-04:30", kMonday + 4 * kHour + 1'799));
    EXPECT_FALSE(is_open("mon 02:00-04:30", kMonday + 4 * kHour + 1'800));
    EXPECT_FALSE(is_open("tue 02:00-04:30", kMonday + 3 * kHour));
}

TEST(MaintenanceWindows, OneThatCrossesMidnightBelongsToItsFirstDay) {
    EXPECT_TRUE(is_open("mon-fri 22:00-05:00", kMonday + 23 * kHour));
    EXPECT_FALSE(is_open("mon-fri 22:00-05:00", kMonday + 4 * kHour)) << "Sunday's night";
    EXPECT_TRUE(is_open("mon-fri 22:00-05:00", kMonday + 5 * kWholeDay + 4 * kHour)) << "Friday's";
    EXPECT_TRUE(is_open("sun 22:00-05:00", kMonday + 4 * kHour)) << "over the end of the week";
}

TEST(MaintenanceWindows, DaysMayGoRoundTheWeek) {
    for (std::int64_t day = 0; day < 7; ++day) {
        const bool wanted = day >= 5 || day == 0;
        EXPECT_EQ(is_open("sat-mon 00:00-24:00", kMonday + day * kWholeDay), wanted) << day;
        EXPECT_EQ(is_open("sat,sun,mon 00:00-24:00", kMonday + day * kWholeDay), wanted) << day;
        EXPECT_TRUE(is_open("daily 00:00-24:00", kMonday + day * kWholeDay + 86'399));
    }
}

TEST(MaintenanceWindows, FollowsTheLocalClock) {
    constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
    EXPECT_TRUE(is_open("mon 02:00-03:00", kMonday, kBerlin)) << "02:00 in summer";
    EXPECT_FALSE(is_open("mon 02:00-03:00", kMonday + kHour, kBerlin));
    constexpr std::int64_t kWinterMonday = 1'767'571'200;  // 2026-01-05 00:00 UTC
    EXPECT_FALSE(is_open("mon 02:00-03:00", kWinterMonday, kBerlin));
    EXPECT_TRUE(is_open("mon 02:00-03:00", kWinterMonday + kHour, kBerlin));
    // On the last Sunday of March the hour from 02:00 to 03:00 does not exist.
    constexpr std::int64_t kSpring = 1'774'746'000;
    for (std::int64_t time = kSpring - kHour; time < kSpring + kHour; time += 60) {
        EXPECT_FALSE(is_open("sun 02:00-03:00", time, kBerlin)) << time - kSpring;
    }
}

TEST(MaintenanceWindows, RefusesWhatIsNoWindow) {
    for (const char* const text :
         {"", "mon", "mon 1:00-2:00", "mon 01:00-01:00", "mon 24:00-01:00", "mon 01:00-24:01", "mo 01:00-02:00",
          "mon- 01:00-02:00", "mon,, 01:00-02:00", "mon 01:60-02:00", "mon 01:00-02:00 ", "mon  01:00-02:00",
          "mon 01:0a-02:00", "monday 01:00-02:00"}) {
        EXPECT_FALSE(WeeklyWindow::parse(text)) << text;
    }
}

}  // namespace
}  // namespace assay::gateway
