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

// Puts the parts of all launches together again.
std::map<std::size_t, Bytes> unpack(std::span<const ByteView> messages,
                                    std::size_t blocks_max,
                                    std::size_t messages_max) {
    MessagePacker packer(messages, blocks_max, messages_max);
    Bytes blocks(blocks_max * kBlock, std::byte{0xee});
    std::map<std::size_t, Bytes> out;
    std::map<std::size_t, bool> finished;
    while (packer.next(blocks.data())) {
        EXPECT_LE(packer.parts().size(), messages_max);
        EXPECT_EQ(packer.parts().size(), packer.entries().size());
        for (std::size_t lane = 0; lane < packer.parts().size(); ++lane) {
            const auto& part = packer.parts()[lane];
            const AssayMessage& entry = packer.entries()[lane];
            EXPECT_LE(entry.first_block + entry.block_count, blocks_max);
            EXPECT_EQ(part.first, out[part.message].empty());
            EXPECT_FALSE(finished[part.message]);
            EXPECT_TRUE(part.first || lane == 0);
            EXPECT_TRUE(part.last || lane == packer.parts().size() - 1);
            finished[part.message] = part.last;
            append(out[part.message], ByteView(blocks).subspan(entry.first_block * kBlock,
                                                               entry.block_count * kBlock));
        }
    }
    for (const auto& [message, done] : finished) EXPECT_TRUE(done) << message;
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

TEST(MessagePacker, SplitsOnlyMessagesThatNoLaunchCouldHold) {
    const Bytes bytes = pattern(3000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {
        view.first(10),   view, view.first(500), view.first(511),
        view.first(2560), {},   view.first(64)};
    for (const std::size_t blocks_max : {1, 2, 8, 9, 10, 47, 48, 100}) {
        for (const std::size_t messages_max : {1, 3, 100}) {
            const auto unpacked = unpack(messages, blocks_max, messages_max);
            ASSERT_EQ(unpacked.size(), messages.size());
            for (const auto& [i, blocks] : unpacked) {
                EXPECT_EQ(to_hex(blocks), to_hex(padded(messages[i]))) << blocks_max;
            }
        }
    }
}

TEST(MessagePacker, PutsTheLongestFirst) {
    const Bytes bytes = pattern(1000);
    const ByteView view(bytes);
    const std::vector<ByteView> messages = {view.first(10), view.first(1000), view.first(200)};
    MessagePacker packer(messages, 100, 100);
    Bytes blocks(100 * kBlock);
    ASSERT_TRUE(packer.next(blocks.data()));
    EXPECT_EQ(packer.parts()[0].message, 1U);
    EXPECT_EQ(packer.parts()[1].message, 2U);
    EXPECT_EQ(packer.parts()[2].message, 0U);
    EXPECT_FALSE(packer.next(blocks.data()));
}

}  // namespace
}  // namespace assay::compute::opencl
