#include "gateway/receipt/anchor_writer.hpp"

#include <gtest/gtest.h>

#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

AnchorOutlook outlook(ledger::BlockHeight blocks, std::chrono::seconds age, std::size_t rank = 0) {
    AnchorOutlook out;
    out.blocks = blocks;
    out.age = age;
    out.has_news = true;
    out.rank = rank;
    return out;
}

TEST(AnchorIsDue, AfterBlocksOrTimeAndOnlyWithNews) {
    const AnchorTerms terms;
    using std::chrono::seconds;
    EXPECT_FALSE(anchor_is_due(outlook(63, seconds(3599)), terms));
    EXPECT_TRUE(anchor_is_due(outlook(64, seconds(0)), terms));
    EXPECT_TRUE(anchor_is_due(outlook(0, seconds(3600)), terms));
    AnchorOutlook quiet = outlook(1000, seconds(100'000));
    quiet.has_news = false;
    EXPECT_FALSE(anchor_is_due(quiet, terms));
}

TEST(AnchorIsDue, LaterForThoseWhoseTurnIsLater) {
    const AnchorTerms terms;
    using std::chrono::seconds;
    EXPECT_FALSE(anchor_is_due(outlook(71, seconds(0), 1), terms));
    EXPECT_TRUE(anchor_is_due(outlook(72, seconds(0), 1), terms));
    EXPECT_FALSE(anchor_is_due(outlook(0, seconds(3600 + 449), 1), terms));
    EXPECT_TRUE(anchor_is_due(outlook(0, seconds(3600 + 450), 1), terms));
    AnchorTerms shortest;
    shortest.blocks = 1;
    shortest.age = seconds(1);
    EXPECT_FALSE(anchor_is_due(outlook(1, seconds(0), 1), shortest)) << "one block apart at least";
    EXPECT_TRUE(anchor_is_due(outlook(2, seconds(0), 1), shortest));
}

// A gateway ledger with a batch, of which all is final.
class JudgedAnchor : public testing::Test {
  protected:
    JudgedAnchor() {
        founders_.genesis.kind = ledger::LedgerKind::kGateway;
        founders_.genesis.consortium.emplace();
        founders_.seal_genesis();
        chain_ = ledger::Chain::open(dir_.path(), founders_.genesis_bytes, ledger::gateway_rules())
                     .value();
        ledger::ReceiptBatch batch;
        batch.batch_no = batch.count = batch.events[2] = batch.blob_bytes = 1;
        const Bytes encoded = encode_receipt_batch(batch);
        ledger::TxBody body;
        body.type = ledger::TxType::kReceiptBatch;
        body.chain_id = founders_.chain_id;
        body.valid_until = 100;
        body.body = encoded;
        const auto& self = founders_.members[0];
        EXPECT_TRUE(chain_->accept_transaction(
            test::sign(body, self, ledger::receipt_batch_subject(0, 1), self.tx)));
        for (int i = 0; i < 3; ++i) founders_.extend_and_vote(*chain_, now_);
        block_ = chain_->at_height(chain_->final_block().height);
        EXPECT_EQ(block_.log_size, 1U);
        true_.chain_id = founders_.chain_id;
        true_.height = block_.height;
        true_.block = block_.id;
        true_.log = {"origin", block_.log_size, block_.log_root};
    }

    test::TempDir dir_{test::memory_folder()};
    test::Founders founders_{2};
    std::unique_ptr<ledger::Chain> chain_;
    std::uint32_t now_ = test::kGenesisTime + 100;
    ledger::ChainTip block_;
    ledger::LedgerAnchor true_;
};

TEST_F(JudgedAnchor, AgreesWithTheLedgerThatItIsOf) {
    EXPECT_EQ(judge_anchor(true_, *chain_), AnchorVerdict::kAgrees);
}

TEST_F(JudgedAnchor, OfWhatIsNotFinalHereItCannotSayYet) {
    ledger::LedgerAnchor later = true_;
    later.height += 100;
    EXPECT_EQ(judge_anchor(later, *chain_), AnchorVerdict::kAhead);
}

TEST_F(JudgedAnchor, ALieIsOne) {
    ledger::LedgerAnchor lie = true_;
    lie.log.root = crypto::leaf_hash(as_bytes("another past"));
    EXPECT_EQ(judge_anchor(lie, *chain_), AnchorVerdict::kContradicts);
    lie = true_;
    lie.block = ledger::BlockId{};
    EXPECT_EQ(judge_anchor(lie, *chain_), AnchorVerdict::kContradicts);
    lie = true_;
    for (const std::uint64_t size : {0, 7}) {
        lie.log.size = size;
        EXPECT_EQ(judge_anchor(lie, *chain_), AnchorVerdict::kContradicts);
    }
}

}  // namespace
}  // namespace assay::gateway
