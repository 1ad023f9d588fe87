#include "host/compute/cost_model.hpp"

#include <gtest/gtest.h>

namespace assay::compute {
namespace {

// launch, lane, all lanes, mining
constexpr EngineRates kProcessor{2'000, 1'900'000'000, 10'000'000'000, 100'000'000};
constexpr EngineRates kVectors{100'000, 350'000'000, 11'000'000'000, 110'000'000};
constexpr EngineRates kGpu{60'000, 50'000'000, 20'000'000'000, 5'000'000'000};

constexpr BatchShape batch(std::uint64_t messages, std::uint64_t each) {
    return {messages, messages * each, each};
}

TEST(CostModel, ALaunchAndThenTheLongestLaneOrAllBytes) {
    EXPECT_DOUBLE_EQ(predicted_seconds(kGpu, batch(1, 50'000'000)), 1.00006);
    EXPECT_DOUBLE_EQ(predicted_seconds(kGpu, batch(1000, 20'000'000)), 1.00006);
    EXPECT_GT(predicted_seconds(kProcessor, {}), 0);
    EXPECT_GT(predicted_seconds(EngineRates{}, batch(1, 1)), 0.5) << "unknown is slow";
}

TEST(CostModel, SmallAndFewLaneBatchesGoToTheProcessorLargeOnesToTheAccelerator) {
    const std::vector<Candidate> candidates = {{kGpu, 1}, {kProcessor, 0}};
    for (const BatchShape& small : {batch(1, 64), batch(1, 1 << 20), batch(8, 1 << 18)}) {
        const BatchPlan plan = plan_batch(candidates, small);
        ASSERT_EQ(plan.shares.size(), 1U);
        EXPECT_EQ(plan.shares[0].candidate, 1U) << small.messages;
        EXPECT_DOUBLE_EQ(plan.shares[0].part, 1);
    }
    const BatchPlan large = plan_batch(candidates, batch(1 << 14, 1 << 18));
    EXPECT_EQ(large.shares[0].candidate, 0U);
}

TEST(CostModel, LargeBatchesAreSplitByRate) {
    const std::vector<Candidate> candidates = {{kProcessor, 0}, {kGpu, 1}};
    const BatchShape shape = batch(1 << 14, 1 << 16);
    const BatchPlan plan = plan_batch(candidates, shape);
    ASSERT_EQ(plan.shares.size(), 2U);
    double parts = 0;
    for (const BatchShare& share : plan.shares) parts += share.part;
    EXPECT_NEAR(parts, 1, 1e-9);
    EXPECT_NEAR(plan.shares[0].part, 2.0 / 3, 0.02);
    EXPECT_LT(plan.seconds, 0.75 * predicted_seconds(kGpu, shape));
}

TEST(CostModel, OfEnginesOnOneResourceOnlyTheBestIsUsed) {
    const std::vector<Candidate> candidates = {{kProcessor, 0}, {kVectors, 0}};
    const BatchPlan large = plan_batch(candidates, batch(4096, 1 << 18));
    ASSERT_EQ(large.shares.size(), 1U);
    EXPECT_EQ(large.shares[0].candidate, 1U);
    const BatchPlan few = plan_batch(candidates, batch(4, 1 << 18));
    ASSERT_EQ(few.shares.size(), 1U);
    EXPECT_EQ(few.shares[0].candidate, 0U);
}

TEST(CostModel, NoMoreSharesThanMessages) {
    const std::vector<Candidate> candidates = {{kProcessor, 0}, {kProcessor, 1}, {kProcessor, 2}};
    EXPECT_EQ(plan_batch(candidates, batch(1, 1 << 30)).shares.size(), 1U);
    EXPECT_LE(plan_batch(candidates, batch(2, 1 << 30)).shares.size(), 2U);
}

}  // namespace
}  // namespace assay::compute
