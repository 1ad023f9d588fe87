#include "ledger/net/download_table.hpp"

#include <gtest/gtest.h>

namespace assay::ledger {
namespace {

using std::chrono::seconds;

InventoryItem block_item(std::uint8_t number) {
    BlockId id;
    id.bytes[0] = std::byte{number};
    return InventoryItem(id);
}

TEST(DownloadTable, AsksOnePeerAtATime) {
    DownloadTable table;
    const SteadyTime now{};
    EXPECT_TRUE(table.claim(block_item(1), 7, now));
    EXPECT_FALSE(table.claim(block_item(1), 8, now));
    table.give_up(block_item(1), 8);  // not the one that was asked
    EXPECT_TRUE(table.claimed(block_item(1)));
    table.give_up(block_item(1), 7);
    EXPECT_TRUE(table.claim(block_item(1), 8, now));
}

TEST(DownloadTable, SixteenBlocksAreUnderWayFromAPeerAtMost) {
    DownloadTable table;
    const SteadyTime now{};
    for (std::uint8_t i = 0; i < 16; ++i) EXPECT_TRUE(table.claim(block_item(i), 7, now));
    EXPECT_FALSE(table.claim(block_item(16), 7, now));
    EXPECT_TRUE(table.claim(block_item(16), 8, now)) << "another peer has its own";
    EXPECT_TRUE(table.claim(InventoryItem(TxId{}), 7, now)) << "transactions count apart";
    table.deliver(block_item(3), 7, now);
    EXPECT_TRUE(table.claim(block_item(17), 7, now));
    EXPECT_EQ(table.in_flight(7, InventoryKind::kBlock), 16U);
}

TEST(DownloadTable, WhatAStalledPeerOwesIsAskedOfAnother) {
    DownloadTable table;
    const SteadyTime start{};
    ASSERT_TRUE(table.claim(block_item(1), 7, start));
    EXPECT_FALSE(table.expire(7, start + seconds{4}));
    EXPECT_FALSE(table.claim(block_item(1), 8, start + seconds{4}));
    EXPECT_TRUE(table.expire(7, start + seconds{5}));
    EXPECT_TRUE(table.claim(block_item(1), 8, start + seconds{5}));
    EXPECT_FALSE(table.expire(7, start + seconds{60})) << "it owes nothing any more";
}

TEST(DownloadTable, ASlowPeerThatDeliversHasNotStalled) {
    DownloadTable table;
    const SteadyTime start{};
    ASSERT_TRUE(table.claim(block_item(1), 7, start));
    ASSERT_TRUE(table.claim(block_item(2), 7, start));
    table.deliver(block_item(1), 7, start + seconds{4});
    EXPECT_FALSE(table.expire(7, start + seconds{8}));
    EXPECT_TRUE(table.expire(7, start + seconds{9}));
}

TEST(DownloadTable, APeerThatTricklesOtherThingsCannotWithholdABlock) {
    DownloadTable table;
    const SteadyTime start{};
    ASSERT_TRUE(table.claim(block_item(1), 7, start));
    ASSERT_TRUE(table.claim(block_item(2), 7, start));
    ASSERT_TRUE(table.claim(InventoryItem(TxId{}), 7, start));
    table.deliver(InventoryItem(TxId{}), 7, start + seconds{4});
    table.deliver(block_item(2), 7, start + seconds{4});
    EXPECT_TRUE(table.expire(7, start + seconds{5}));
    EXPECT_TRUE(table.claim(block_item(1), 8, start + seconds{5}));
}

TEST(DownloadTable, AStalledPeerIsLeftAloneTwiceAsLongEachTime) {
    DownloadTable table;
    SteadyTime now{};
    for (const int rest : {2, 4, 8, 16, 32, 64, 64}) {
        ASSERT_TRUE(table.claim(block_item(1), 7, now));
        now += seconds{5};
        ASSERT_TRUE(table.expire(7, now));
        EXPECT_FALSE(table.claim(block_item(1), 7, now + seconds{rest - 1}));
        now += seconds{rest};
    }
    ASSERT_TRUE(table.claim(block_item(1), 7, now));
    table.deliver(block_item(1), 7, now);
    ASSERT_TRUE(table.claim(block_item(2), 7, now));
    ASSERT_TRUE(table.expire(7, now + seconds{5}));
    EXPECT_TRUE(table.claim(block_item(2), 7, now + seconds{7})) << "a delivery makes up for it";
}

// A single slow peer must not be asked for less and less: it is all there is.
TEST(DownloadTable, WhoDeliversLateIsAskedAgainAtOnce) {
    DownloadTable table;
    const SteadyTime start{};
    ASSERT_TRUE(table.claim(block_item(1), 7, start));
    ASSERT_TRUE(table.expire(7, start + seconds{5}));
    ASSERT_FALSE(table.claim(block_item(1), 7, start + seconds{6}));
    ASSERT_TRUE(table.claim(block_item(1), 8, start + seconds{6})) << "another is asked meanwhile";
    table.deliver(block_item(1), 7, start + seconds{6});
    EXPECT_TRUE(table.claim(block_item(2), 7, start + seconds{6}));
    EXPECT_TRUE(table.claimed(block_item(1))) << "the other's request stands";
}

TEST(DownloadTable, APeerThatLeavesFreesWhatItOwes) {
    DownloadTable table;
    const SteadyTime now{};
    ASSERT_TRUE(table.claim(block_item(1), 7, now));
    table.forget(7);
    EXPECT_EQ(table.in_flight(7, InventoryKind::kBlock), 0U);
    EXPECT_TRUE(table.claim(block_item(1), 8, now));
}

}  // namespace
}  // namespace assay::ledger
