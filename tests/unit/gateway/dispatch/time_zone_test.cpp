#include "gateway/dispatch/time_zone.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

Timestamp at(std::int64_t time) { return Timestamp{std::chrono::seconds(time)}; }

// The C library is the oracle: every hour and a bit of four years, and the seconds around a change.
TEST(TimeZone, AgreesWithTheCLibrary) {
    for (const char* const rule :
         {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "AEST-10AEDT,M10.1.0,M4.1.0/3",
          "<+0330>-3:30", "NST3:30NDT,M3.2.0,M11.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1",
          "EET-2EEST,M3.4.4/50,M10.4.4/50", "AAA-2BBB,J60/0,J300", "AAA8BBB,59,304/1:30:15",
          "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"}) {
        const auto zone = TimeZone::parse(rule);
        ASSERT_TRUE(zone) << rule;
        ::setenv("TZ", rule, 1);
        ::tzset();
        for (std::int64_t time = 1'767'225'600; time < 1'893'456'000; time += 3'571) {
            const std::time_t now = time;
            std::tm local{};
            ::localtime_r(&now, &local);
            ASSERT_EQ(zone->offset_at(at(time)), local.tm_gmtoff) << rule << " at " << time;
        }
    }
    ::unsetenv("TZ");
    ::tzset();
}

TEST(TimeZone, ChangesOnTheVerySecond) {
    const auto berlin = TimeZone::parse("CET-1CEST,M3.5.0,M10.5.0/3").value();
    constexpr std::int64_t kSpring = 1'774'746'000;  // 2026-03-29 01:00 UTC
    EXPECT_EQ(berlin.offset_at(at(kSpring - 1)), 3'600);
    EXPECT_EQ(berlin.offset_at(at(kSpring)), 7'200);
}

TEST(TimeZone, RefusesWhatIsNoRule) {
    for (const char* const rule :
         {"", "C", "CET", "CET-", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
          "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/168",
          "CET-1CEST,M3.5.0,M10.5.0 ", "<+03-3", "CET-1CEST,J0,J300", "CET-1CEST,366,300"}) {
        EXPECT_FALSE(TimeZone::parse(rule)) << rule;
    }
    for (const char* const name : {"../../../etc/passwd", "/etc/passwd", "Nowhere/Atlantis", "a.b"}) {
        const auto zone = TimeZone::load(name);
        ASSERT_FALSE(zone) << name;
        EXPECT_TRUE(zone.error().is(Refusal::kMalformed));
    }
}

TEST(TimeZone, TakesNamesThatTheMachineKnows) {
    EXPECT_EQ(TimeZone::load("UTC")->rule(), "UTC0");
    EXPECT_EQ(TimeZone::load("JST-9")->offset_at(at(0)), 9 * 3'600);
    const auto berlin = TimeZone::load("Europe/Berlin");
    ASSERT_TRUE(berlin) << "scripts/setup installs tzdata";
    EXPECT_EQ(berlin->rule(), "CET-1CEST,M3.5.0,M10.5.0/3");
}

}  // namespace
}  // namespace assay::gateway
