#include "ledger/net/waiting_blocks.hpp"

#include <gtest/gtest.h>

namespace assay::ledger {
namespace {

using std::chrono::seconds;

BlockId id(std::uint8_t number) {
    BlockId out;
    out.bytes[0] = std::byte{number};
    out.bytes[31] = std::byte{1};
    return out;
}

WaitingBlocks::Block block(std::uint8_t number, Slot from = 7) {
    return WaitingBlocks::Block{id(number), from, Bytes(80, std::byte{number})};
}

TEST(WaitingBlocks, OrphansComeOutWithTheirParent) {
    WaitingBlocks waiting;
    EXPECT_TRUE(waiting.add_orphan(block(2), id(1)));
    EXPECT_TRUE(waiting.add_orphan(block(3), id(1)));
    EXPECT_TRUE(waiting.add_orphan(block(4), id(2)));
    EXPECT_FALSE(waiting.add_orphan(block(2), id(1))) << "here already";
    const auto children = waiting.take_children(id(1));
    ASSERT_EQ(children.size(), 2U);
    EXPECT_EQ(children[0].id, id(2));
    EXPECT_EQ(children[0].bytes, Bytes(80, std::byte{2}));
    EXPECT_FALSE(waiting.contains(id(2)));
    EXPECT_TRUE(waiting.contains(id(4)));
}

TEST(WaitingBlocks, EarlyBlocksComeOutWhenTheirTimeHasCome) {
    WaitingBlocks waiting;
    const Timestamp start{seconds{1'000}};
    EXPECT_TRUE(waiting.add_early(block(1), start + seconds{5}));
    EXPECT_TRUE(waiting.add_orphan(block(2), id(9)));
    EXPECT_TRUE(waiting.take_due(start + seconds{4}).empty());
    const auto due = waiting.take_due(start + seconds{5});
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].id, id(1));
    EXPECT_TRUE(waiting.contains(id(2))) << "an orphan waits for no time";
}

TEST(WaitingBlocks, APeerHasRoomForThirtyTwo) {
    WaitingBlocks waiting;
    for (std::uint8_t i = 0; i < 32; ++i) EXPECT_TRUE(waiting.add_orphan(block(i), id(200)));
    EXPECT_FALSE(waiting.add_orphan(block(40), id(200)));
    EXPECT_FALSE(waiting.add_early(block(40), Timestamp{}));
    EXPECT_TRUE(waiting.add_orphan(block(40, 8), id(200))) << "another peer's room is its own";
    waiting.forget(7);
    EXPECT_EQ(waiting.count(7), 0U);
    EXPECT_EQ(waiting.count(8), 1U);
}

}  // namespace
}  // namespace assay::ledger
