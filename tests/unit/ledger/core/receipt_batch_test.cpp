#include "ledger/core/receipt_batch.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/support/decoder_checks.hpp"

namespace assay::ledger {
namespace {

ReceiptBatch sample() {
    ReceiptBatch batch;
    batch.batch_no = 3;
    batch.previous_root = crypto::leaf_hash(as_bytes("previous"));
    batch.count = 5;
    batch.root = crypto::leaf_hash(as_bytes("root"));
    batch.events = {0, 0, 2, 1, 1, 0, 0, 1};
    batch.first_time = 100;
    batch.last_time = 160;
    batch.blob_sha256 = crypto::sha256(as_bytes("blob"));
    batch.blob_bytes = 1000;
    batch.consortium = {12, crypto::sha256(as_bytes("block")).as<BlockId>(), 9};
    return batch;
}

TEST(ReceiptBatch, ComesBackAsItWas) {
    const auto decoded = decode_receipt_batch(encode_receipt_batch(sample()));
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    EXPECT_EQ(*decoded, sample());
    EXPECT_EQ(receipt_batch_subject(2, 3), "receipt-batch/2/3");
}

TEST(ReceiptBatch, IsOnlyItsWholeEncoding) {
    test::expect_only_whole_input(encode_receipt_batch(sample()), decode_receipt_batch);
}

TEST(ReceiptBatch, RefusesCountsAndTimesThatDoNotFit) {
    const auto refused = [](auto change) {
        ReceiptBatch batch = sample();
        change(batch);
        return !decode_receipt_batch(encode_receipt_batch(batch));
    };
    EXPECT_TRUE(refused([](auto& b) { b.count = 4; }));
    EXPECT_TRUE(refused([](auto& b) { b.events[2] = 3; }));
    EXPECT_TRUE(refused([](auto& b) {
        b.count = 0;
        b.events = {};
    }));
    EXPECT_TRUE(refused([](auto& b) { b.count = b.events[2] = kBatchReceiptsMax + 1; }));
    EXPECT_TRUE(refused([](auto& b) { b.batch_no = 0; }));
    EXPECT_TRUE(refused([](auto& b) { b.first_time = 161; }));
    EXPECT_TRUE(refused([](auto& b) { b.blob_bytes = 0; }));
}

TEST(ReceiptBlob, HoldsReceiptsInOrder) {
    const std::vector<Bytes> receipts = {to_bytes("one"), to_bytes("two"), to_bytes("three")};
    const Bytes blob = encode_receipt_blob(receipts);
    const auto decoded = decode_receipt_blob(blob);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->size(), 3U);
    EXPECT_EQ(to_bytes((*decoded)[1]), receipts[1]);
    test::expect_only_whole_input(blob, decode_receipt_blob);
}

TEST(ReceiptBlob, RefusesNothingAndTooMuch) {
    EXPECT_FALSE(decode_receipt_blob(encode_receipt_blob({})));
    EXPECT_FALSE(decode_receipt_blob(encode_receipt_blob(std::vector<Bytes>(1))));
    EXPECT_FALSE(decode_receipt_blob(
        encode_receipt_blob(std::vector<Bytes>(1, Bytes(kReceiptBytesMax + 1)))));
    EXPECT_FALSE(decode_receipt_blob(
        encode_receipt_blob(std::vector<Bytes>(kBatchReceiptsMax + 1, Bytes(1)))));
}

TEST(ReceiptRoot, IsTheRfc6962RootOverReceipts) {
    const std::vector<Bytes> receipts = {to_bytes("one"), to_bytes("two"), to_bytes("three")};
    const auto leaf = [&](std::size_t i) { return crypto::leaf_hash(receipts[i]); };
    EXPECT_EQ(receipt_root(receipts),
              crypto::node_hash(crypto::node_hash(leaf(0), leaf(1)), leaf(2)));
}

}  // namespace
}  // namespace assay::ledger
