#include "gateway/receipt/receipt_store.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

constexpr Timestamp kReceived{std::chrono::seconds(1'800'000'000)};
constexpr crypto::KeyId kDevice{std::byte{1}};
constexpr crypto::KeyId kOther{std::byte{2}};

class Receipts : public testing::Test {
  protected:
    std::string add(const crypto::KeyId& device, std::uint32_t counter, std::string_view bytes) {
        const auto added = receipts_.add(device, counter, as_bytes(bytes), kReceived);
        if (!added) return added.error().code().message();
        return *added == ReceiptStore::Added::kNew ? "new" : "known";
    }
    void restart() {
        store_.reset();
        store_ = ledger::open_leveldb(dir_.path()).value();
        receipts_ = ReceiptStore::open(*store_).value();
    }

    test::TempDir dir_{test::memory_folder()};
    std::unique_ptr<ledger::KeyValueStore> store_ = ledger::open_leveldb(dir_.path()).value();
    ReceiptStore receipts_ = ReceiptStore::open(*store_).value();
};

TEST_F(Receipts, TheSameReceiptAgainIsKnown) {
    EXPECT_EQ(add(kDevice, 1, "a"), "new");
    EXPECT_EQ(add(kDevice, 1, "a"), "known");
    EXPECT_EQ(receipts_.stored(), 1U);
    restart();
    EXPECT_EQ(add(kDevice, 1, "a"), "known");
    EXPECT_EQ(receipts_.stored(), 1U);
}

TEST_F(Receipts, AUsedCounterIsRefused) {
    EXPECT_EQ(add(kDevice, 5, "a"), "new");
    EXPECT_EQ(add(kDevice, 5, "b"), "receipt-replayed");
    EXPECT_EQ(add(kDevice, 4, "c"), "receipt-replayed");
    restart();
    EXPECT_EQ(add(kDevice, 4, "c"), "receipt-replayed");
    EXPECT_EQ(add(kDevice, 6, "d"), "new");
    EXPECT_EQ(add(kOther, 1, "e"), "new");
    EXPECT_EQ(receipts_.stored(), 3U);
}

TEST_F(Receipts, AreNotTakenBeforeThoseThatWereAcknowledgedBefore) {
    using Added = ReceiptStore::Added;
    const auto add_after = [&](std::uint32_t counter, const protocol::ReceiptName& after) {
        return receipts_.add(kDevice, counter, as_bytes(std::to_string(counter)), kReceived, after).value();
    };
    EXPECT_EQ(add_after(3, {kDevice, 2}), Added::kBehindMissing);
    EXPECT_EQ(add_after(3, {kOther, 2}), Added::kBehindMissing) << "by the key it had before";
    EXPECT_EQ(receipts_.stored(), 0U);
    EXPECT_EQ(add(kDevice, 1, "1"), "new");
    EXPECT_EQ(add_after(2, {kDevice, 1}), Added::kNew);
    EXPECT_EQ(add(kOther, 2, "other"), "new");
    EXPECT_EQ(add_after(3, {kOther, 2}), Added::kNew);
    EXPECT_EQ(add_after(3, {kOther, 9}), Added::kKnown) << "what is here is here";
    EXPECT_EQ(receipts_.find({kDevice, 3}), 4U);
    EXPECT_FALSE(receipts_.find({kDevice, 4}));
    EXPECT_FALSE(receipts_.find({kOther, 1}));
}

TEST_F(Receipts, AreFoundByTheKeyThatSignedThem) {
    EXPECT_EQ(add(kDevice, 1, "a"), "new");
    EXPECT_EQ(add(kOther, 1, "b"), "new");
    EXPECT_EQ(add(kDevice, 300, "c"), "new");
    restart();
    EXPECT_EQ(receipts_.signed_by(kDevice), (std::vector<ReceiptNumber>{1, 3}));
    EXPECT_EQ(receipts_.signed_by(kOther), (std::vector<ReceiptNumber>{2}));
    EXPECT_TRUE(receipts_.signed_by(crypto::KeyId{}).empty());
}

TEST_F(Receipts, AreNumberedInOrderWithoutGapsOverRestarts) {
    for (std::uint32_t i = 1; i <= 20; ++i) {
        EXPECT_EQ(add(kDevice, i, std::to_string(i)), "new");
        if (i % 3 == 0) restart();
        ASSERT_EQ(receipts_.stored(), i);
    }
    const auto all = receipts_.read(1, 20);
    ASSERT_TRUE(all);
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(as_text((*all)[i].bytes), std::to_string(i + 1));
        EXPECT_EQ((*all)[i].received, kReceived);
    }
    EXPECT_FALSE(receipts_.read(20, 2));
}

TEST_F(Receipts, RememberTheNewestBatch) {
    EXPECT_FALSE(receipts_.newest_batch());
    BatchRecord batch;
    batch.first = 1;
    batch.count = 3;
    batch.transaction = to_bytes("signed");
    for (batch.batch_no = 1; batch.batch_no <= 300; ++batch.batch_no) {
        ASSERT_TRUE(receipts_.put_batch(batch));
    }
    restart();
    ASSERT_TRUE(receipts_.newest_batch());
    EXPECT_EQ(receipts_.newest_batch()->batch_no, 300U);
    EXPECT_EQ(receipts_.newest_batch()->end(), 4U);
    EXPECT_EQ(as_text(receipts_.newest_batch()->transaction), "signed");
    EXPECT_EQ(receipts_.batches()->size(), 300U);
}

TEST_F(Receipts, SayThatAStoredBatchIsDamaged) {
    ledger::WriteBatch write;
    write.put(as_bytes("b12345678"), as_bytes("short"));
    ASSERT_TRUE(store_->write_synced(write));
    EXPECT_FALSE(ReceiptStore::open(*store_));
}

TEST_F(Receipts, ABatchIsReplacedOnlyByOneOfTheSameReceipts) {
    BatchRecord batch;
    batch.batch_no = 1;
    batch.first = 1;
    batch.count = 2;
    batch.transaction = to_bytes(as_bytes("signed"));
    ASSERT_TRUE(receipts_.put_batch(batch));
    batch.transaction = to_bytes(as_bytes("signed anew"));
    ASSERT_TRUE(receipts_.put_batch(batch));
    BatchRecord other = batch;
    other.first = 3;
    const auto refused = receipts_.put_batch(other);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(std::errc::file_exists)) << refused.error().to_string();
    EXPECT_EQ(receipts_.newest_batch()->first, 1U);
    EXPECT_EQ(receipts_.batches()->front().transaction, batch.transaction);
}

}  // namespace
}  // namespace assay::gateway
