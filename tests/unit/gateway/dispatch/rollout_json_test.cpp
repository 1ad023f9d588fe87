#include "gateway/dispatch/rollout_json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(RolloutJson, APlanIsReadAsItIsWritten) {
    const std::string leaf(64, 'a');
    const auto plan = parse_rollout_plan(
        R"({"id":"spring-1.0","release":")" + leaf + R"(","filter":{"sites":["kiel"],"tags":["canary"],)"
        R"("versions":["1.0"],"devices":["d-1"]},"phases":[{"percent":5,"success_percent":99,"soak_s":3600,)"
        R"("gate":true},{"percent":100}],"abort_percent":3,"abort_finished_min":20,)"
        R"("begin":"2027-01-15T08:00:00Z","end":"2027-01-15T10:00:00+01:00","windows":["mon-fri 22:00-05:00"],)"
        R"("zone":"CET-1CEST,M3.5.0,M10.5.0/3","priority":-2,"under_way_max":50,)"
        R"("deadlines":{"waiting_s":4,"offered_s":1,"verified_s":2,"installed_s":3}})");
    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(plan->phases.size(), 2U);
    EXPECT_TRUE(plan->phases[0].gate);
    EXPECT_EQ(plan->phases[1].success_percent, 90U);
    EXPECT_EQ(plan->windows.windows[0].length, 7 * 60);
    EXPECT_EQ(plan->abort_finished_min, 20U);
    EXPECT_EQ(plan->deadlines.waiting, seconds(4));
    EXPECT_EQ(plan->begin, Timestamp(seconds(1'800'000'000)));
    EXPECT_EQ(plan->end, Timestamp(seconds(1'800'000'000)) + hours(1));
    const std::string text = boost::json::serialize(to_json(*plan));
    const auto again = parse_rollout_plan(text);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(boost::json::serialize(to_json(*again)), text);
    const auto least = parse_rollout_plan(R"({"id":"x","release":")" + leaf + R"("})");
    ASSERT_TRUE(least);
    EXPECT_EQ(least->phases.size(), 1U);
    EXPECT_EQ(least->phases[0].percent, 100U);
    EXPECT_EQ(least->abort_percent, 10U);
    EXPECT_EQ(least->abort_finished_min, 1U);
    EXPECT_FALSE(least->begin || least->end);
    EXPECT_EQ(least->deadlines.waiting, seconds(0));
}

TEST(RolloutJson, RefusesWhatItDoesNotUnderstand) {
    const std::string head = R"({"id":"x","release":")" + std::string(64, 'a') + R"(")";
    for (const char* const tail :
         {R"(,"id2":1})", R"(,"phases":[]})", R"(,"phases":[{"percent":0}]})", R"(,"phases":[{"percent":101}]})",
          R"(,"phases":[{"percent":50},{"percent":50}]})", R"(,"phases":[{"percent":50,"x":1}]})",
          R"(,"phases":{}})", R"(,"abort_percent":1.5})", R"(,"abort_percent":"5"})", R"(,"priority":5000})",
          R"(,"windows":["whenever"]})", R"(,"zone":"Nowhere/Atlantis"})", R"(,"filter":{"site":[]}})",
          R"(,"filter":{"sites":[1]}})", R"(,"deadlines":{"offered_s":-1}})", R"(,"under_way_max":4294967296})",
          R"(,"release":"short"})", R"(,"id":"Big"})", ""}) {
        const auto plan = parse_rollout_plan(head + tail);
        ASSERT_FALSE(plan) << tail;
        EXPECT_TRUE(plan.error().is(Refusal::kMalformed)) << tail;
    }
    for (const char* const tail :
         {R"(,"end":"2027-01-15T08:00:00"})", R"(,"end":1800000000})", R"(,"end":null})",
          R"(,"begin":"2027-01-15T08:00:00Z","end":"2027-01-15T09:00:00+01:00"})"}) {
        const auto plan = parse_rollout_plan(head + tail);
        ASSERT_FALSE(plan) << tail;
        EXPECT_NE(plan.error().to_string().find("end must be"), std::string::npos) << plan.error().to_string();
    }
    for (const char* const tail : {R"(,"abort_finished_min":0})", R"(,"abort_finished_min":"5"})",
                                   R"(,"abort_percent":0,"abort_finished_min":5})"}) {
        const auto plan = parse_rollout_plan(head + tail);
        ASSERT_FALSE(plan) << tail;
        EXPECT_NE(plan.error().to_string().find("abort_finished_min"), std::string::npos) << plan.error().to_string();
    }
    EXPECT_FALSE(parse_rollout_plan("[]"));
    EXPECT_TRUE(parse_rollout_plan(std::string(kPlanBytesMax + 1, ' ')).error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::gateway
