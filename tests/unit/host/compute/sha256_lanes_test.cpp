// The body that AVX2 and AVX-512 share, over a word of plain loops: what it computes can be shown
// on a machine that has neither. The instruction sets' own words are tested where they are found,
// by sha256_backend_test and tests/conformance.

#include "host/compute/sha256_lanes.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include <gtest/gtest.h>

namespace assay::compute {
namespace {

// Its functions are not inlined: there would be tens of thousands of them.
template <std::size_t N>
struct PlainWord {
    static constexpr std::size_t kLanes = N;

    std::uint32_t x[N];

    template <typename Function>
    static PlainWord each(Function function) {
        PlainWord out;
        for (std::size_t i = 0; i < N; ++i) out.x[i] = function(i);
        return out;
    }
    [[gnu::noinline]] static PlainWord all(std::uint32_t value) {
        return each([&](std::size_t) { return value; });
    }
    static PlainWord load(const std::uint32_t* in) {
        return each([&](std::size_t i) { return in[i]; });
    }
    void store(std::uint32_t* out) const { std::copy_n(x, N, out); }
    template <int n>
    [[nodiscard, gnu::noinline]] PlainWord rotated() const {
        return each([&](std::size_t i) { return std::rotr(x[i], n); });
    }
    template <int n>
    [[nodiscard, gnu::noinline]] PlainWord shifted() const {
        return each([&](std::size_t i) { return x[i] >> n; });
    }
    [[nodiscard]] PlainWord bytes_swapped() const {
        return each([&](std::size_t i) { return __builtin_bswap32(x[i]); });
    }
    [[nodiscard]] std::uint64_t not_above(std::uint32_t limit) const {
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < N; ++i) mask |= std::uint64_t{x[i] <= limit} << i;
        return mask;
    }
    static void load_blocks(const std::byte* const* messages, PlainWord (&w)[16]) {
        for (std::size_t word = 0; word < 16; ++word) {
            w[word] = each([&](std::size_t lane) {
                std::uint32_t value = 0;
                for (std::size_t i = 0; i < 4; ++i) {
                    value =
                        (value << 8) | std::to_integer<std::uint32_t>(messages[lane][4 * word + i]);
                }
                return value;
            });
        }
    }

    [[gnu::noinline]] friend PlainWord operator+(PlainWord a, PlainWord b) {
        return each([&](std::size_t i) { return a.x[i] + b.x[i]; });
    }
    [[gnu::noinline]] friend PlainWord xor3(PlainWord a, PlainWord b, PlainWord c) {
        return each([&](std::size_t i) { return a.x[i] ^ b.x[i] ^ c.x[i]; });
    }
    [[gnu::noinline]] friend PlainWord choice(PlainWord e, PlainWord f, PlainWord g) {
        return each([&](std::size_t i) { return (e.x[i] & f.x[i]) | (~e.x[i] & g.x[i]); });
    }
    [[gnu::noinline]] friend PlainWord majority(PlainWord a, PlainWord b, PlainWord c) {
        return each([&](std::size_t i) {
            return (a.x[i] & b.x[i]) | (a.x[i] & c.x[i]) | (b.x[i] & c.x[i]);
        });
    }
};

template <typename Word, std::size_t Groups>
struct Body {
    using W = Word;
    static constexpr std::size_t kGroups = Groups;
};

template <typename T>
class Sha256Lanes : public testing::Test {};
using Bodies =
    testing::Types<Body<PlainWord<8>, 1>, Body<PlainWord<16>, 2>, Body<PlainWord<16>, 3>>;
TYPED_TEST_SUITE(Sha256Lanes, Bodies);

TYPED_TEST(Sha256Lanes, EveryLaneCompressesItsOwnMessage) {
    constexpr std::size_t kLanes = TypeParam::kGroups * TypeParam::W::kLanes;
    constexpr std::size_t kBlocks = 3;
    std::vector<std::byte> bytes(kLanes * kBlocks * kSha256BlockBytes + kLanes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>((i * i + 31 * i) >> 3 & 0xff);
    }
    for (std::size_t count = 1; count <= kLanes; ++count) {
        std::vector<Sha256State> states(count, kSha256Initial);
        std::vector<Sha256State*> pointers;
        std::vector<const std::byte*> messages;
        for (std::size_t i = 0; i < count; ++i) {
            states[i].words[i % 8] ^= static_cast<std::uint32_t>(i);
            pointers.push_back(&states[i]);
            messages.push_back(bytes.data() + i * (kBlocks * kSha256BlockBytes + 1));
        }
        std::vector<Sha256State> expected = states;
        for (std::size_t i = 0; i < count; ++i) {
            Sha256State* state = &expected[i];
            portable_backend().compress(&state, &messages[i], 1, kBlocks);
        }
        compress_lanes<typename TypeParam::W, TypeParam::kGroups>(pointers.data(), messages.data(),
                                                                  count, kBlocks);
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_TRUE(std::equal(states[i].words, states[i].words + 8, expected[i].words))
                << "lane " << i << " of " << count;
        }
    }
}

TYPED_TEST(Sha256Lanes, TheLowestHitIsFoundInEveryLane) {
    constexpr std::size_t kLanes = TypeParam::kGroups * TypeParam::W::kLanes;
    Sha256State midstates[3] = {kSha256Initial, kSha256Initial, kSha256Initial};
    for (std::uint32_t i = 0; i < 3; ++i) midstates[i].words[i] ^= 0x1234567;
    std::vector<bool> lanes_hit(kLanes);
    std::size_t lanes_left = kLanes;
    for (std::uint32_t seed = 0; seed < 4000 && (seed < 300 || lanes_left > 0); ++seed) {
        const NonceTile tile{midstates,    1 + seed % 3,          {seed, 2, 3},
                             {0x03ffffff}, 0xfffffff0 - 4 * seed, 1 + seed % 100};
        const TileResult expected = portable_backend().search(tile);
        const TileResult found =
            search_bands<LaneBand<typename TypeParam::W, TypeParam::kGroups>>(tile);
        ASSERT_EQ(found.found, expected.found) << seed;
        if (!found.found) {
            ASSERT_EQ(found.hashes_tried, expected.hashes_tried) << seed;
            continue;
        }
        ASSERT_EQ(found.nonce, expected.nonce) << seed;
        ASSERT_EQ(found.midstate_index, expected.midstate_index) << seed;
        const std::size_t lane = (found.nonce - tile.first_nonce) % kLanes;
        lanes_left -= lanes_hit[lane] ? 0 : 1;
        lanes_hit[lane] = true;
    }
    EXPECT_EQ(lanes_left, 0U);
}

}  // namespace
}  // namespace assay::compute
