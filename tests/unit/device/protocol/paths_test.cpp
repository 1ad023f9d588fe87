#include "device/protocol/paths.hpp"

#include <gtest/gtest.h>

namespace assay::protocol {
namespace {

TEST(Paths, PutTheLeafHashIntoThePattern) {
    ledger::LeafHash leaf;
    leaf.bytes[0] = std::byte{0xab};
    const std::string hex = "ab" + std::string(62, '0');
    EXPECT_EQ(proof_path(leaf), "/agent/v1/releases/" + hex + "/proof");
    EXPECT_EQ(chunks_path(leaf), "/agent/v1/releases/" + hex + "/chunks");
    EXPECT_EQ(image_path(leaf), "/agent/v1/releases/" + hex + "/image");
}

TEST(Paths, APollAsksOnlyWhatItWantsToKnow) {
    PollRequest poll;
    EXPECT_EQ(poll_path(poll), "/agent/v1/poll");
    poll.pending.emplace();
    const std::string hex(64, '0');
    EXPECT_EQ(poll_path(poll), "/agent/v1/poll?pending=" + hex);
    poll.wait_ms = 5;
    EXPECT_EQ(poll_path(poll), "/agent/v1/poll?wait_ms=5&pending=" + hex);
    poll.pending.reset();
    poll.receipt = ReceiptName{{}, 7};
    EXPECT_EQ(poll_path(poll), "/agent/v1/poll?wait_ms=5&receipt=0000000000000000-7");
}

TEST(Paths, AReceiptSaysWhichOneWasBeforeIt) {
    EXPECT_EQ(receipts_path({}), "/agent/v1/receipts");
    EXPECT_EQ(receipts_path(ReceiptName{{}, 7}), "/agent/v1/receipts?after=0000000000000000-7");
}

}  // namespace
}  // namespace assay::protocol
