#include "ledger/core/pow.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "ledger/core/header.hpp"
#include "tests/support/bitcoin_data.hpp"
#include "tests/support/fixtures.hpp"

namespace assay::ledger {
namespace {

std::string big_endian_hex(const U256& value) {
    auto bytes = value.to_le();
    std::ranges::reverse(bytes);
    return to_hex(bytes);
}

TEST(Pow, ExpandsTargetsAsBitcoinDoes) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/blocks/bitcoinjs_block.json");
    const Bytes text = test::fixture_bytes(path);
    const auto vectors = boost::json::parse(as_text(text)).at("targets").as_array();
    ASSERT_EQ(vectors.size(), 6U);
    for (const auto& vector : vectors) {
        const auto bits = static_cast<std::uint32_t>(
            std::stoul(std::string(vector.at("bits").as_string()), nullptr, 16));
        const auto target = expand_target(bits);
        if ((bits & 0x00800000) != 0) {  // these vectors ignore the sign bit; Bitcoin Core does not
            EXPECT_FALSE(target);
            continue;
        }
        ASSERT_TRUE(target.has_value());
        EXPECT_EQ(big_endian_hex(*target), vector.at("expected").as_string());
        EXPECT_EQ(compact_target(*target), bits);
    }
}

// Cases of Bitcoin Core's arith_uint256 tests.
TEST(Pow, RefusesNegativeZeroAndOverflowingTargets) {
    for (const std::uint32_t bits :
         {0x00000000U, 0x00123456U, 0x01003456U, 0x02000056U, 0x03000000U, 0x04000000U, 0x00923456U,
          0x01803456U, 0x01fedcbaU, 0x04923456U, 0xff123456U, 0x23000100U, 0x22010000U,
          0x21010000U}) {
        EXPECT_FALSE(expand_target(bits)) << std::hex << bits;
    }
    EXPECT_EQ(expand_target(0x01123456), U256(0x12));
    EXPECT_EQ(expand_target(0x02123456), U256(0x1234));
    EXPECT_EQ(expand_target(0x03123456), U256(0x123456));
    EXPECT_EQ(expand_target(0x04123456), U256(0x12345600));
    EXPECT_EQ(expand_target(0x20123456), U256(0x123456) << 232);
    EXPECT_EQ(expand_target(0x2200007f), U256(0x7f) << 248);
    EXPECT_EQ(compact_target(U256(0x80)), 0x02008000U);
    EXPECT_EQ(compact_target(U256(0x12345600)), 0x04123456U);
    EXPECT_EQ(compact_target(U256()), 0U);
}

TEST(Pow, RefusesTargetsAboveTheLimit) {
    EXPECT_TRUE(expand_target(0x1d00ffff, 0x1d00ffff));
    EXPECT_TRUE(expand_target(0x1c7fffff, 0x1d00ffff));
    EXPECT_FALSE(expand_target(0x1d010000, 0x1d00ffff));
    EXPECT_FALSE(expand_target(0x207fffff, 0x1d00ffff));
}

TEST(Pow, ComparesIdsAsLittleEndianNumbers) {
    BlockId id;
    id.bytes[0] = std::byte{0xff};
    EXPECT_TRUE(meets_target(id, U256(0xff)));
    EXPECT_FALSE(meets_target(id, U256(0xfe)));
    id.bytes[31] = std::byte{1};
    EXPECT_FALSE(meets_target(id, U256(0xff)));
}

TEST(Pow, WorkIsTwoToThe256OverTargetPlusOne) {
    EXPECT_EQ(block_work(*expand_target(0x1d00ffff)), U256(0x100010001));
    EXPECT_EQ(block_work(*expand_target(0x207fffff)), U256(2));
    EXPECT_EQ(block_work(~U256()), U256(1));
    EXPECT_EQ(block_work(U256()), U256());  // 2^256 itself: no such target exists
}

TEST(U256, DividesAndMultiplies) {
    const U256 big = (U256(0x123456789abcdef0) << 190) + U256(77);
    for (const std::uint64_t small : {1ULL, 2ULL, 3ULL, 0xffffffffffffffffULL}) {
        std::uint64_t carry = 0;
        const U256 quotient = big / U256(small);
        const U256 product = U256::multiply(quotient, small, carry);
        EXPECT_EQ(carry, 0U);
        EXPECT_LT(big - product, U256(small));
    }
    EXPECT_EQ(U256(5) / U256(7), U256());
    EXPECT_EQ(big / big, U256(1));
    std::uint64_t carry = 0;
    EXPECT_EQ(U256::multiply(~U256(), 2, carry), ~U256() - U256(1));
    EXPECT_EQ(carry, 1U);
}

TEST(U256, ShiftsAcrossLimbs) {
    const U256 one(1);
    for (unsigned i = 0; i < 256; ++i) {
        EXPECT_EQ((one << i).bit_length(), i + 1);
        EXPECT_EQ((one << i) >> i, one);
    }
    EXPECT_TRUE((one << 256).is_zero());
    EXPECT_TRUE((~U256() >> 256).is_zero());
    EXPECT_EQ(U256::from_le(((one << 200) + U256(3)).to_le()), (one << 200) + U256(3));
}

}  // namespace
}  // namespace assay::ledger
