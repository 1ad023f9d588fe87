// Real Bitcoin headers through the product's code: layout, id, links, proof of work, chain work and
// times. Only Bitcoin's retarget is not the product's; it is here, in a helper.

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "ledger/core/header.hpp"
#include "ledger/core/pow.hpp"
#include "tests/support/bitcoin_data.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint32_t kBitcoinLimit = 0x1d00ffff;
constexpr std::size_t kPeriod = 2'016;
constexpr BlockHeight kFirstHeight = 40'000;

const char* const kGenesisId = "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000";

std::vector<BlockHeader> ten_thousand_headers(const std::filesystem::path& path) {
    const Bytes bytes = test::fixture_bytes(path);
    std::vector<BlockHeader> headers;
    for (std::size_t at = 0; at + kHeaderBytes <= bytes.size(); at += kHeaderBytes) {
        headers.push_back(decode_header(ByteView(bytes).subspan(at).first<kHeaderBytes>()));
    }
    return headers;
}

// Bitcoin's rule for the first block of a period, off-by-one of the original included.
std::uint32_t bitcoin_retarget(const BlockHeader& first, const BlockHeader& last) {
    constexpr std::uint64_t kPeriodSeconds = 14 * 24 * 3'600;
    const std::uint64_t taken =
        std::clamp<std::uint64_t>(last.time - first.time, kPeriodSeconds / 4, kPeriodSeconds * 4);
    std::uint64_t carry = 0;
    const U256 scaled = U256::multiply(*expand_target(last.bits), taken, carry);
    EXPECT_EQ(carry, 0U);
    return compact_target(std::min(scaled / U256(kPeriodSeconds), *expand_target(kBitcoinLimit)));
}

TEST(BitcoinHeaders, FirstBitcoinHeadersFollowTheGenesis) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/btcd_headers_mainnet_1-11.txt");
    std::ifstream file(path);
    BlockId parent = BlockId::from(*from_hex(kGenesisId));
    int count = 0;
    for (std::string line; std::getline(file, line) && !line.empty(); ++count) {
        const auto bytes = from_hex(line);
        ASSERT_TRUE(bytes && bytes->size() == kHeaderBytes);
        const BlockHeader header = decode_header(std::span(*bytes).first<kHeaderBytes>());
        EXPECT_EQ(header.previous, parent);
        EXPECT_TRUE(meets_target(header.id(), *expand_target(header.bits, kBitcoinLimit)));
        parent = header.id();
    }
    EXPECT_EQ(count, 11);
    test::count_vectors("bitcoin-headers-1-11", 11);
}

TEST(BitcoinHeaders, TenThousandBitcoinHeadersLinkAndMeetTheirTargets) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/mainnet_headers_40000-50000.raw");
    const Bytes bytes = test::fixture_bytes(path);
    ASSERT_EQ(bytes.size(), 10'000 * kHeaderBytes);
    std::optional<BlockId> parent;
    for (std::size_t i = 0; i < 10'000; ++i) {
        const auto raw = ByteView(bytes).subspan(i * kHeaderBytes).first<kHeaderBytes>();
        BlockHeader header = decode_header(raw);
        const BlockId id = header.id();
        ASSERT_TRUE(!parent || header.previous == *parent) << i;
        const auto target = expand_target(header.bits, kBitcoinLimit);
        ASSERT_TRUE(target && meets_target(id, *target)) << i;
        ASSERT_TRUE(std::ranges::equal(header.encode(), raw)) << i;
        header.nonce ^= 1U << (i % 32);
        ASSERT_FALSE(meets_target(header.id(), *target)) << "another nonce of " << i;
        parent = id;
    }
    test::count_vectors("bitcoin-headers-40000-49999", 10'000);
}

TEST(BitcoinHeaders, TimesAreAboveTheMedianOfElevenAndRetargetsAreExact) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/mainnet_headers_40000-50000.raw");
    const auto headers = ten_thousand_headers(path);
    ASSERT_EQ(headers.size(), 10'000U);
    int retargets = 0;
    int backwards = 0;
    for (std::size_t i = 11; i < headers.size(); ++i) {
        std::array<std::uint32_t, 11> times{};
        for (std::size_t k = 0; k < times.size(); ++k) times[k] = headers[i - 11 + k].time;
        std::ranges::nth_element(times, times.begin() + 5);
        ASSERT_GT(headers[i].time, times[5]) << i;
        backwards += headers[i].time <= headers[i - 1].time ? 1 : 0;
        const bool first_of_period = (kFirstHeight + i) % kPeriod == 0;
        if (!first_of_period) {
            ASSERT_EQ(headers[i].bits, headers[i - 1].bits) << i;
        } else if (i >= kPeriod) {
            ASSERT_EQ(headers[i].bits, bitcoin_retarget(headers[i - kPeriod], headers[i - 1])) << i;
            ++retargets;
        }
    }
    EXPECT_EQ(retargets, 4);
    EXPECT_GT(backwards, 50) << "what rule H4 forbids here happens there";
    test::count_vectors("bitcoin-median-times", headers.size() - 11);
}

// 436 real headers up to height 878,976, each the first of a period of 2,016 blocks with equal
// bits, with the chain work that bitcoinj recorded: 12 bytes work, 4 height (both big-endian), 80
// header.
TEST(BitcoinHeaders, AddUpTheWorkOfBitcoinsChain) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/bitcoinj_mainnet_checkpoints.txt");
    std::ifstream file(path);
    std::string line;
    for (int i = 0; i < 3; ++i) std::getline(file, line);  // title, signatures, count
    std::optional<U256> before;
    U256 block_work_before;
    int count = 0;
    while (std::getline(file, line)) {
        while (line.size() % 4 != 0) line += '=';
        const auto bytes = from_base64(line);
        ASSERT_TRUE(bytes && bytes->size() == 96);
        std::array<std::byte, 32> little{};
        std::reverse_copy(bytes->begin(), bytes->begin() + 12, little.begin());
        const U256 work = U256::from_le(little);
        const auto header = decode_header(ByteView(*bytes).subspan(16).first<kHeaderBytes>());
        const auto target = expand_target(header.bits, 0x1d00ffff);
        ASSERT_TRUE(target && meets_target(header.id(), *target)) << count;
        ASSERT_EQ(compact_target(*target), header.bits);
        if (before) {
            std::uint64_t carry = 0;
            const U256 period = U256::multiply(block_work_before, 2015, carry);
            ASSERT_EQ(work - *before, period + block_work(*target)) << count;
        }
        before = work;
        block_work_before = block_work(*target);
        ++count;
    }
    EXPECT_EQ(count, 436);
    test::count_vectors("bitcoin-chain-work-periods", 436);
}

// The work of each of the 10,000 headers, added up one by one, between two recorded totals.
TEST(BitcoinHeaders, TenThousandAddUpToTheRecordedWork) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/headers/mainnet_headers_40000-50000.raw");
    ASSAY_FIXTURE_OR_SKIP(recorded, "ledger/bitcoin/headers/bitcoinj_mainnet_checkpoints.txt");
    const auto headers = ten_thousand_headers(path);
    std::map<BlockId, U256> totals;  // up to and with the block
    std::ifstream file(recorded);
    for (std::string line; std::getline(file, line);) {
        while (line.size() % 4 != 0) line += '=';
        const auto bytes = from_base64(line);
        if (!bytes || bytes->size() != 96) continue;
        std::array<std::byte, 32> little{};
        std::reverse_copy(bytes->begin(), bytes->begin() + 12, little.begin());
        const auto header = decode_header(ByteView(*bytes).subspan(16).first<kHeaderBytes>());
        totals.emplace(header.id(), U256::from_le(little));
    }
    std::optional<U256> sum;
    int compared = 0;
    for (const BlockHeader& header : headers) {
        if (sum) *sum = *sum + block_work(*expand_target(header.bits));
        const auto total = totals.find(header.id());
        if (total == totals.end()) continue;
        if (sum) {
            EXPECT_EQ(*sum, total->second);
            ++compared;
        }
        sum = total->second;
    }
    EXPECT_GE(compared, 3);
    test::count_vectors("bitcoin-chain-work-headers", headers.size());
}

}  // namespace
}  // namespace assay::ledger
