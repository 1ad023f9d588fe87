#include "ledger/core/difficulty.hpp"

#include <gtest/gtest.h>

#include "ledger/core/pow.hpp"

namespace assay::ledger {
namespace {

TEST(Asert, SaturatesAtBothEnds) {
    AsertParams params;
    params.anchor_bits = params.pow_limit = 0x207fffff;
    params.target_interval_s = 15;
    params.half_life_s = 300;
    EXPECT_EQ(aserti3_2d(params, INT64_MAX, 0), 0x207fffffU);
    EXPECT_EQ(aserti3_2d(params, INT64_MIN, 0), 0x01010000U);
    EXPECT_EQ(aserti3_2d(params, 0, INT64_MAX), 0x01010000U);
    EXPECT_EQ(aserti3_2d(params, 0, INT64_MIN), 0x207fffffU);
    EXPECT_EQ(aserti3_2d(params, 15, 0), 0x207fffffU);
}

ChainParams production() {
    ChainParams params;
    params.pow_limit = 0x1e00ffff;
    return params;
}

TEST(Difficulty, StartsAtTheLimitAndStaysWhereBlocksComeInTime) {
    const ChainParams params = production();
    EXPECT_EQ(required_bits(0, 0, params), params.pow_limit);
    EXPECT_EQ(required_bits(0, 4'000'000'000, params), params.pow_limit);
    EXPECT_EQ(next_drift(0, 1'000, 1'015, true, params), 0);
}

TEST(Difficulty, OneHalfLifeOfDriftHalvesTheTarget) {
    const ChainParams params = production();
    const std::int64_t half_life = params.half_life_s;
    const U256 limit = *expand_target(params.pow_limit);
    for (unsigned n = 1; n < 20; ++n) {
        EXPECT_EQ(required_bits(-half_life * n, 50, params), compact_target(limit >> n));
    }
}

TEST(Difficulty, CountsTimeOnlyWhileTheChainIsUrgent) {
    const ChainParams params = production();
    EXPECT_EQ(next_drift(-100, 1'000, 1'001, true, params), -114);
    EXPECT_EQ(next_drift(-100, 1'000, 1'001, false, params), -100);
    EXPECT_EQ(next_drift(-100, 1'000, 90'000, false, params), -100);
    EXPECT_EQ(next_drift(-1'000, 1'000, 90'000, true, params), -1'000 + 300 - 15)
        << "one block eases by one half-life at most";
    EXPECT_EQ(next_drift(-10, 1'000, 1'100, true, params), 0) << "no credit builds up";
}

TEST(Difficulty, IsFixedWithoutRetarget) {
    ChainParams params = production();
    params.retarget = false;
    EXPECT_EQ(required_bits(-100'000, 7, params), params.pow_limit);
}

}  // namespace
}  // namespace assay::ledger
