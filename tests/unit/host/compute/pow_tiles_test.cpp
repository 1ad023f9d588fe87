#include "host/compute/pow_tiles.hpp"

#include <set>

#include <gtest/gtest.h>

namespace assay::compute {
namespace {

PowWork work_of(std::uint32_t nonce,
                std::uint64_t nonces,
                std::uint32_t mask = 0,
                std::uint32_t roll = 0,
                std::uint64_t rolls = 1) {
    PowWork work;
    work.first_nonce = nonce;
    work.nonce_count = nonces;
    work.version_mask = mask;
    work.first_version_roll = roll;
    work.version_roll_count = rolls;
    return work;
}

TEST(RolledVersion, SpreadsTheRollOverTheMaskFromTheLowestBit) {
    EXPECT_EQ(rolled_version(0x20000000, 0x1fffe000, 0), 0x20000000U);
    EXPECT_EQ(rolled_version(0x20000000, 0x1fffe000, 1), 0x20002000U);
    EXPECT_EQ(rolled_version(0x20000004, 0x1fffe000, 0xffff), 0x3fffe004U);
    EXPECT_EQ(rolled_version(0xffffffff, 0x00000105, 0b010), 0xfffffefeU);
    EXPECT_EQ(rolled_version(7, 0, 5), 7U);
    EXPECT_EQ(rolled_version(0, 0xffffffff, 0xdeadbeef), 0xdeadbeefU);
}

TEST(CheckWork, RefusesRangesBeyondTheFields) {
    EXPECT_TRUE(check_work(work_of(0, std::uint64_t{1} << 32)));
    EXPECT_TRUE(check_work(work_of(0xffffffff, 1)));
    EXPECT_FALSE(check_work(work_of(1, std::uint64_t{1} << 32)));
    EXPECT_FALSE(check_work(work_of(0, ~std::uint64_t{0})));
    EXPECT_TRUE(check_work(work_of(0, 1, 0x1fffe000, 0, 65536)));
    EXPECT_FALSE(check_work(work_of(0, 1, 0x1fffe000, 1, 65536)));
    EXPECT_FALSE(check_work(work_of(0, 1, 0, 0, 2)));
    EXPECT_FALSE(check_work(work_of(0, 1, 0, 3, 0)));
    EXPECT_TRUE(check_work(work_of(0, 1, 0xffffffff, 0, std::uint64_t{1} << 32)));
}

TEST(TileCursor, CoversEveryPairOnceAndNeverGoesBack) {
    const PowWork work = work_of(0xfffffff0, 16, 0xff, 3, 21);
    for (const std::uint64_t hashes : {1, 7, 8, 64, 1000}) {
        TileCursor cursor(work);
        std::set<std::uint64_t> seen;
        std::uint64_t lowest_key_before = 0;
        while (const auto tile = cursor.next(hashes, 8)) {
            EXPECT_LE(tile->roll_count, 8U);
            const std::uint64_t lowest_key = order_key(tile->first_nonce, tile->first_roll);
            EXPECT_GE(lowest_key, lowest_key_before);
            lowest_key_before = lowest_key;
            for (std::uint32_t n = 0; n < tile->nonce_count; ++n) {
                for (std::uint32_t r = 0; r < tile->roll_count; ++r) {
                    const auto key = order_key(tile->first_nonce + n, tile->first_roll + r);
                    EXPECT_TRUE(seen.insert(key).second);
                }
            }
        }
        EXPECT_EQ(seen.size(), 16U * 21U) << hashes;
    }
}

TEST(TileCursor, EmptyWorkHasNoTiles) {
    EXPECT_FALSE(TileCursor(work_of(5, 0)).next(100, 8));
    EXPECT_FALSE(TileCursor(work_of(5, 10, 1, 0, 0)).next(100, 8));
}

TEST(TileCursor, TheWholeNonceSpaceEnds) {
    TileCursor cursor(work_of(0, std::uint64_t{1} << 32));
    std::uint64_t sum = 0;
    while (const auto tile = cursor.next(std::uint64_t{1} << 40, 8)) sum += tile->hashes();
    EXPECT_EQ(sum, std::uint64_t{1} << 32);
}

}  // namespace
}  // namespace assay::compute
