#include "ledger/core/gateway_rules.hpp"

#include <gtest/gtest.h>

#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

class GatewayRulesTest : public testing::Test {
  protected:
    std::string offer(const Bytes& bytes) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = consortium_.registry();
        const TxContext context{1, registry, consortium_.chain_id, 0};
        const auto checked = gateway_rules().check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        gateway_rules().apply(tx, index_++, state_);
        return "accepted";
    }
    static LogHash root_of(std::uint64_t batch_no) {
        return batch_no == 0 ? LogHash{} : crypto::leaf_hash(as_bytes(std::to_string(batch_no)));
    }
    static ReceiptBatch batch(std::uint64_t batch_no) {
        ReceiptBatch out;
        out.batch_no = batch_no;
        out.previous_root = root_of(batch_no - 1);
        out.count = 1;
        out.root = root_of(batch_no);
        out.events[4] = 1;
        out.blob_bytes = 200;
        return out;
    }
    [[nodiscard]] Bytes sign(const ReceiptBatch& record, Slot slot) const {
        return consortium_.sign(TxType::kReceiptBatch, encode_receipt_batch(record),
                                receipt_batch_subject(slot, record.batch_no), slot,
                                {&consortium_.members.at(slot).tx});
    }

    test::TestConsortium consortium_;
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    LogIndex index_ = 0;
};

TEST_F(GatewayRulesTest, EachGatewayHasOneUnbrokenSequence) {
    EXPECT_FALSE(last_batch(state_, 2));
    EXPECT_EQ(offer(sign(batch(2), 2)), "batch-out-of-order");
    EXPECT_EQ(offer(sign(batch(1), 2)), "accepted");
    EXPECT_EQ(offer(sign(batch(1), 2)), "batch-out-of-order");
    EXPECT_EQ(offer(sign(batch(1), 3)), "accepted");
    EXPECT_EQ(offer(sign(batch(3), 2)), "batch-out-of-order");
    EXPECT_EQ(offer(sign(batch(2), 2)), "accepted");
    EXPECT_EQ(last_batch(state_, 2)->batch_no, 2U);
    EXPECT_EQ(last_batch(state_, 2)->root, root_of(2));
    EXPECT_EQ(last_batch(state_, 2)->log_index, 2U);
    EXPECT_EQ(last_batch(state_, 3)->batch_no, 1U);
}

TEST_F(GatewayRulesTest, ABatchNamesTheRootBeforeIt) {
    offer(sign(batch(1), 2));
    ReceiptBatch forked = batch(2);
    forked.previous_root = root_of(7);
    EXPECT_EQ(offer(sign(forked, 2)), "batch-out-of-order");
}

TEST_F(GatewayRulesTest, G4TheConsortiumHeadNeverGoesBack) {
    const auto with_head = [](std::uint64_t number, BlockHeight height, std::uint64_t size,
                              std::string_view block) {
        ReceiptBatch out = batch(number);
        out.consortium = {height, crypto::sha256(as_bytes(block)).as<BlockId>(), size};
        return out;
    };
    ASSERT_EQ(offer(sign(with_head(1, 10, 5, "ten"), 2)), "accepted");
    const char* const word = "consortium-head-rolled-back";
    EXPECT_EQ(offer(sign(with_head(2, 9, 5, "nine"), 2)), word) << "a recall would be unknown again";
    EXPECT_EQ(offer(sign(with_head(2, 11, 4, "eleven"), 2)), word) << "its log has shrunk";
    EXPECT_EQ(offer(sign(with_head(2, 10, 5, "another ten"), 2)), word);
    EXPECT_EQ(offer(sign(with_head(2, 10, 6, "ten"), 2)), word) << "the same block, another log";
    EXPECT_EQ(offer(sign(batch(2), 2)), word) << "none";
    EXPECT_EQ(offer(sign(with_head(1, 3, 1, "three"), 3)), "accepted") << "another gateway's own";
    EXPECT_EQ(offer(sign(with_head(2, 10, 5, "ten"), 2)), "accepted") << "nothing new there";
    EXPECT_EQ(offer(sign(with_head(3, 11, 5, "eleven"), 2)), "accepted");
    EXPECT_EQ(last_batch(state_, 2)->consortium, with_head(3, 11, 5, "eleven").consortium);
}

TEST_F(GatewayRulesTest, OnlyGatewaysWriteBatches) {
    EXPECT_EQ(offer(sign(batch(1), 0)), "signer-not-permitted");
    EXPECT_EQ(offer(consortium_.sign(TxType::kReceiptBatch, encode_receipt_batch(batch(1)),
                                     receipt_batch_subject(2, 1), 2, {&consortium_.members[3].tx})),
              "signer-unknown");
    EXPECT_EQ(offer(consortium_.sign(TxType::kReceiptBatch, encode_receipt_batch(batch(1)),
                                     receipt_batch_subject(3, 1), 2, {&consortium_.members[2].tx})),
              "malformed");
    EXPECT_EQ(offer(consortium_.sign(consortium_.policy())), "unknown-type");
}

}  // namespace
}  // namespace assay::ledger
