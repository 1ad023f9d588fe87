// The scalar forms of the kernels as C++, under the undefined behaviour and address sanitizers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/compute/opencl/search_job.hpp"
#include "host/compute/pow_tiles.hpp"
#include "host/crypto/sha256.hpp"
#include "kernels/abi.h"
#include "tests/kernels/known_block.hpp"

// OpenCL C has only the casts of C, and attributes of its own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wattributes"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
namespace on_host {
#include "tests/kernels/opencl_on_host.hpp"
//
#include "kernels/bitcoin_merkle_level.cl"
#include "kernels/sha256_messages.cl"
#include "kernels/sha256_messages_pipeline.cl"
#include "kernels/sha256d_search.cl"
#include "kernels/sha256d_search_pipeline.cl"
}  // namespace on_host
#pragma GCC diagnostic pop

namespace assay::compute {
namespace {

constexpr std::size_t kBlock = 64;

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 7 + 1) & 0xff);
    return bytes;
}

const unsigned char* as_uchars(const Bytes& bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Messages of 0 to 200 bytes, laid out by hand, with exactly the memory that the kernel may touch.
class MessagesOnHost : public testing::Test {
  protected:
    static constexpr std::uint32_t kLanes = 201;

    void SetUp() override {
        for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
            const ByteView message = ByteView(text_).first(lane);
            const std::size_t whole = lane / kBlock * kBlock;
            Bytes tail = to_bytes(message.subspan(whole));
            tail.push_back(std::byte{0x80});
            tail.resize(tail.size() + 8 <= kBlock ? kBlock : 2 * kBlock);
            tail[tail.size() - 1] = static_cast<std::byte>((lane * 8) & 0xff);
            tail[tail.size() - 2] = static_cast<std::byte>((lane * 8) >> 8);
            entries_.push_back({data_.size(), static_cast<assay_u32>(lane / kBlock),
                                static_cast<assay_u32>(tail.size() / kBlock)});
            append(data_, message.first(whole));
            tail.resize(ASSAY_TAIL_BLOCKS * kBlock);
            append(tails_, tail);
        }
        for (const std::uint32_t word : kSha256Initial.words) {
            states_.insert(states_.end(), kLanes, word);
        }
    }

    void expect_digests() {
        for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
            Sha256State state;
            for (std::size_t i = 0; i < 8; ++i) state.words[i] = states_[i * kLanes + lane];
            EXPECT_EQ(to_hex(to_digest(state).view()),
                      to_hex(crypto::sha256(ByteView(text_).first(lane)).view()))
                << lane;
        }
    }

    const Bytes text_ = pattern(kLanes);
    Bytes data_;
    Bytes tails_;
    std::vector<AssayMessage> entries_;
    std::vector<std::uint32_t> states_;
    AssayGate gate_{0, 0};
};

TEST_F(MessagesOnHost, WorkItemsHashEveryLength) {
    on_host::run_items(kLanes, on_host::sha256_messages, as_uchars(data_), entries_.data(),
                       as_uchars(tails_), states_.data(), kLanes, &gate_);
    expect_digests();
    EXPECT_EQ(gate_.inside, 0U);
}

TEST_F(MessagesOnHost, AClosedGateKeepsWorkItemsOut) {
    gate_.closed = 1;
    const auto before = states_;
    on_host::run_items(kLanes, on_host::sha256_messages, nullptr, nullptr, nullptr, states_.data(),
                       kLanes, &gate_);
    EXPECT_EQ(states_, before);
    EXPECT_EQ(gate_.inside, 0U);
}

TEST_F(MessagesOnHost, ThePipelineHashesEveryLength) {
    on_host::sha256_messages_pipeline(as_uchars(data_), entries_.data(), as_uchars(tails_),
                                      states_.data(), kLanes, &gate_);
    expect_digests();
}

TEST(MerkleLevelOnHost, HashesPairs) {
    const Bytes nodes = pattern(5 * kBlock);
    std::vector<std::uint32_t> parents(5 * 8);
    on_host::run_items(5, on_host::bitcoin_merkle_level, as_uchars(nodes), parents.data());
    for (std::size_t i = 0; i < 5; ++i) {
        const ByteView parent = std::as_bytes(std::span(parents)).subspan(32 * i, 32);
        EXPECT_EQ(to_hex(parent),
                  to_hex(crypto::sha256d(ByteView(nodes).subspan(kBlock * i, kBlock)).view()));
    }
}

// What both forms of the search find in the tile, which has to be the same.
std::uint32_t search_on_host(const PowTile& tile) {
    const HeaderWords words(test::known_work());
    const AssaySearchJob job = opencl::search_job(words, tile);
    const auto versions = opencl::search_versions(words, words.midstates(portable_backend(), tile));
    std::uint32_t lowest = ASSAY_NO_HIT;
    on_host::run_items(tile.nonce_count, on_host::sha256d_search, &job, versions.data(), &lowest);
    std::uint32_t piped = ASSAY_NO_HIT;
    on_host::sha256d_search_pipeline(&job, versions.data(), &piped);
    EXPECT_EQ(lowest, piped);
    return lowest;
}

TEST(SearchOnHost, FindsTheNonceOfAKnownBlock) {
    for (const std::uint32_t place : {0U, 1U, 49U}) {
        EXPECT_EQ(search_on_host(test::tile_around_known(place, 50, place % 3)), place);
    }
}

TEST(SearchOnHost, FindsNothingWhereThereIsNothing) {
    EXPECT_EQ(search_on_host(test::tile_around_known(50, 50, 2)), ASSAY_NO_HIT);
}

}  // namespace
}  // namespace assay::compute
