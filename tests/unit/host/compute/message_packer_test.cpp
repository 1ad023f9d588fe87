#include "host/compute/opencl/message_packer.hpp"

#include <map>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::compute::opencl {
namespace {

constexpr std::size_t kBlock = 64;

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i % 251) + 1);
    return bytes;
}

// The padded message as FIPS 180-4, 5.1.1 says.
Bytes padded(ByteView message) {
    Bytes out = to_bytes(message);
    out.push_back(std::byte{0x80});
    while (out.size() % kBlock != kBlock - 8) out.push_back(std::byte{0});
    for (int shift = 56; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::byte>((message.size() * 8 >> shift) & 0xff));
    }
    return out;
}

// Puts the slices of all waves together again.
std::map<std::size_t, Bytes> unpack(std::span<const ByteView> messages,
                                    std::size_t blocks_max,
                                    std::size_t lanes_max) {
    MessagePacker packer(messages, blocks_max, lanes_max);
    Bytes data(blocks_max * kBlock, std::byte{0xee});
    Bytes tails(lanes_max * ASSAY_TAIL_BLOCKS * kBlock, std::byte{0xdd});
    std::map<std::size_t, Bytes> out;
    std::map<std::size_t, bool> finished;
    while (packer.next_wave()) {
        const auto lanes = packer.lanes();
        EXPECT_LE(lanes.size(), lanes_max);
        while (packer.next_slice(data.data(), tails.data())) {
            const auto entries = packer.entries();
            EXPECT_LE(entries.size(), lanes.size());
            EXPECT_LE(packer.blocks_used(), blocks_max);
            for (std::size_t lane = 0; lane < entries.size(); ++lane) {
                const AssayMessage& entry = entries[lane];
                EXPECT_LE(entry.first_byte + entry.whole_blocks * kBlock, data.size());
                EXPECT_LE(entry.tail_blocks, ASSAY_TAIL_BLOCKS);
                EXPECT_FALSE(finished[lanes[lane]]);
                finished[lanes[lane]] = entry.tail_blocks > 0;
                Bytes& message = out[lanes[lane]];
                append(message,
                       ByteView(data).subspan(entry.first_byte, entry.whole_blocks * kBlock));
                append(message, ByteView(tails).subspan(lane * ASSAY_TAIL_BLOCKS * kBlock,
                                                        entry.tail_blocks * kBlock));
            }
        }
        for (const std::size_t message : lanes) EXPECT_TRUE(finished[message]) << message;
    }
    return out;
}

TEST(MessagePacker, PadsEveryLengthAroundTheBlockEdges) {
    const Bytes bytes = pattern(300);
    std::vector<ByteView> messages;
    for (std::size_t n = 0; n <= bytes.size(); ++n) messages.push_back(ByteView(bytes).first(n));
    const auto unpacked = unpack(messages, 2000, 1000);
    ASSERT_EQ(unpacked.size(), messages.size());
    for (const auto& [i, blocks] : unpacked) EXPECT_EQ(to_hex(blocks), to_hex(padded(messages[i])));
}

TEST(MessagePacker, CutsWhatDoesNotFitIntoSlicesAndWaves) {
    const Bytes bytes = pattern(9000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {
        view.first(10),   view, view.first(500), view.first(511),
        view.first(2560), {},   view.first(64)};
    for (const std::size_t blocks_max : {1, 2, 8, 9, 10, 47, 48, 64, 65, 129, 300}) {
        for (const std::size_t lanes_max : {1, 3, 100}) {
            const auto unpacked = unpack(messages, blocks_max, lanes_max);
            ASSERT_EQ(unpacked.size(), messages.size());
            for (const auto& [i, blocks] : unpacked) {
                EXPECT_EQ(to_hex(blocks), to_hex(padded(messages[i]))) << blocks_max;
            }
        }
    }
}

TEST(MessagePacker, PutsTheLongestFirstAndLeavesFinishedLanesOut) {
    const Bytes bytes = pattern(10'000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {view.first(10), view, view.first(200)};
    MessagePacker packer(messages, 70, 100);
    Bytes data(70 * kBlock);
    Bytes tails(3 * ASSAY_TAIL_BLOCKS * kBlock);
    ASSERT_TRUE(packer.next_wave());
    EXPECT_EQ(std::vector(packer.lanes().begin(), packer.lanes().end()),
              (std::vector<std::size_t>{1, 2, 0}));
    std::vector<std::size_t> live;
    while (packer.next_slice(data.data(), tails.data())) live.push_back(packer.entries().size());
    EXPECT_EQ(live, (std::vector<std::size_t>{3, 1, 1}));  // 23, 70 and 63 blocks of the one
    EXPECT_FALSE(packer.next_wave());
}

TEST(MessagePacker, AnEmptyBatchHasNoWave) {
    MessagePacker packer({}, 10, 10);
    EXPECT_FALSE(packer.next_wave());
}

}  // namespace
}  // namespace assay::compute::opencl
