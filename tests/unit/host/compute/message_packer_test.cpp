#include "host/compute/opencl/message_packer.hpp"

#include <array>
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

Stretch all_of(std::span<const ByteView> messages) {
    Stretch stretch;
    for (std::size_t i = 0; i < messages.size(); ++i) stretch.messages.push_back(i);
    return stretch;
}

// Puts the slices of all waves together again.
std::map<std::size_t, Bytes> unpack(std::span<const ByteView> messages,
                                    std::size_t blocks_max,
                                    std::size_t lanes_max) {
    MessagePacker packer(messages, all_of(messages), blocks_max, lanes_max);
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
    MessagePacker packer(messages, all_of(messages), 70, 100);
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
    MessagePacker packer({}, {}, 10, 10);
    EXPECT_FALSE(packer.next_wave());
}

TEST(MessagePacker, PointsAtWhatIsReadInPlace) {
    const Bytes bytes = pattern(5000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {view.subspan(1000, 700), view.subspan(3, 130),
                                            view.subspan(4000, 20)};
    Stretch stretch = all_of(messages);
    stretch.begin = bytes.data();
    MessagePacker packer(messages, stretch, 1000, 100);
    Bytes tails(3 * ASSAY_TAIL_BLOCKS * kBlock);
    ASSERT_TRUE(packer.next_wave());
    ASSERT_TRUE(packer.next_slice(nullptr, tails.data()));
    const auto entries = packer.entries();
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].first_byte, 1000U);
    EXPECT_EQ(entries[0].whole_blocks, 10U);
    EXPECT_EQ(entries[1].first_byte, 3U);
    EXPECT_EQ(entries[1].whole_blocks, 2U);
    EXPECT_EQ(entries[2].whole_blocks, 0U);
    EXPECT_FALSE(packer.next_slice(nullptr, tails.data()));
}

TEST(FindStretches, JoinsWhatLiesOnNeighbouringPages) {
    alignas(4096) static const std::array<std::byte, 16 * 4096> pages{};
    const auto page = [&](std::size_t n) { return ByteView(pages).subspan(n * 4096, 4096); };
    const std::vector<ByteView> messages = {
        page(9), page(3), {}, page(2), page(0), page(4).first(1), page(5).last(1), page(7)};
    // Page 1 is nobody's, nor are 6 and 8.
    const auto near = find_stretches(messages, {1, 1});
    ASSERT_EQ(near.size(), 5U);
    EXPECT_EQ(near[0].messages, (std::vector<std::size_t>{4}));
    EXPECT_EQ(near[1].messages, (std::vector<std::size_t>{3, 1, 5, 6}));
    EXPECT_EQ(near[1].begin, page(2).data());
    EXPECT_EQ(near[1].end, page(6).data());
    EXPECT_EQ(near[4].begin, nullptr);  // the empty message is the rest
    EXPECT_EQ(near[4].messages, (std::vector<std::size_t>{2}));

    const auto large = find_stretches(messages, {2 * 4096, 1});
    ASSERT_EQ(large.size(), 2U);
    EXPECT_EQ(large[0].messages.size(), 4U);
    EXPECT_EQ(large[1].messages.size(), 4U);

    const auto many = find_stretches(messages, {1, 5});
    ASSERT_EQ(many.size(), 1U);
    EXPECT_EQ(many[0].begin, nullptr);
}

TEST(FindStretches, CutsWhatIsMoreThanADeviceTakesInOneBuffer) {
    const Bytes bytes = pattern(3000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {view.first(1000), view.subspan(1000, 1000),
                                            view.last(1000)};
    const auto found = find_stretches(messages, {1, 1, 2000});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].messages, (std::vector<std::size_t>{0, 1}));
    EXPECT_EQ(found[0].end, bytes.data() + 2000);
    EXPECT_EQ(found[1].begin, bytes.data() + 2000);
    EXPECT_EQ(found[1].messages, (std::vector<std::size_t>{2}));
    const auto alone = find_stretches(std::span(&view, 1), {1, 1, 2999});
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].begin, nullptr);
}

TEST(FindStretches, TakesAFewMessagesThatAreAll) {
    const Bytes bytes = pattern(3000);
    const std::vector<ByteView> messages = {ByteView(bytes).first(1000), ByteView(bytes).last(999)};
    const auto found = find_stretches(messages, {1, 100});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].begin, bytes.data());
    EXPECT_EQ(found[0].end, bytes.data() + bytes.size());
    EXPECT_EQ(find_stretches(messages, {3001, 1})[0].begin, nullptr);
    EXPECT_TRUE(find_stretches({}, {1, 1}).empty());
}

}  // namespace
}  // namespace assay::compute::opencl
