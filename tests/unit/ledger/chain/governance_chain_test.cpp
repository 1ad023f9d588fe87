// Members that change while the chain grows: epochs take force from the chain's bytes, the registry
// is part of the state.

#include <gtest/gtest.h>

#include "ledger/core/coinbase.hpp"
#include "ledger/core/governance_state.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::TestMember;

class GovernanceChainTest : public testing::Test {
  protected:
    [[nodiscard]] Bytes signed_by(std::size_t member,
                                  TxType type,
                                  ByteView encoded,
                                  const std::string& subject,
                                  const crypto::PrivateKey& key) const {
        TxBody body;
        body.type = type;
        body.chain_id = founders_.chain_id;
        body.slot = founders_.members[member].entry.slot;
        body.valid_until = 1'000;
        body.body = encoded;
        return test::sign(body, founders_.members[member], subject, key);
    }
    [[nodiscard]] Bytes rotate_vote(std::size_t member, const crypto::PrivateKey& key) const {
        RegistryChange change;
        change.kind = ChangeKind::kRotateKey;
        change.slot = founders_.members[member].entry.slot;
        change.purpose = KeyPurpose::kVote;
        EXPECT_TRUE(sign_rotation(change, founders_.chain_id, key));
        return signed_by(member, TxType::kRotateKey, encode_change(change),
                         rotation_subject(change), founders_.members[member].root);
    }
    [[nodiscard]] EpochTransition due(const StateView& state, std::size_t signatures = 3) const {
        EpochTransition next;
        next.record = due_epoch(state).value().record;
        for (std::size_t i = 0; i < signatures; ++i) {
            const TestMember& by = founders_.members[i];
            next.signatures.push_back(
                {by.entry.slot, sign_epoch(next.record, by.cosign).value()});
        }
        return next;
    }
    [[nodiscard]] Bytes epoch_tx(const EpochTransition& next, std::size_t by = 0) const {
        return signed_by(by, TxType::kEpoch, encode_epoch_transition(next), subject_of(next),
                         founders_.members[by].tx);
    }
    void extend() { ASSERT_FALSE(founders_.extend(*chain_, now_).empty()); }
    void submit(const Bytes& tx) {
        const auto accepted = chain_->accept_transaction(tx);
        ASSERT_TRUE(accepted.has_value()) << accepted.error().to_string();
    }
    void reopen() {
        chain_.reset();
        chain_ = founders_.open(dir_ / "chain");
    }

    test::Founders founders_{3};
    test::TempDir dir_;
    std::unique_ptr<Chain> chain_ = founders_.open(dir_ / "chain");
    std::uint32_t now_ = test::kGenesisTime + 1;
    crypto::PrivateKey new_vote_ = test::new_key();
};

TEST_F(GovernanceChainTest, AnEpochGovernsTheChildrenOfItsBlock) {
    submit(rotate_vote(0, new_vote_));
    extend();
    EXPECT_EQ(chain_->epoch().number(), 0U);
    submit(epoch_tx(due(chain_->state())));
    extend();
    const auto block = decode_block(*chain_->block(chain_->tip().id)).value();
    EXPECT_EQ(decode_coinbase(block.txs[0])->registry_epoch, 0U) << "its own block is of the old one";
    EXPECT_EQ(chain_->epoch().number(), 1U);
    EXPECT_EQ(chain_->epoch().find_node(0)->vote, new_vote_.public_key());
    EXPECT_EQ(chain_->registry().find(0)->vote, new_vote_.public_key());
    submit(test::make_policy_tx(founders_.chain_id, founders_.members[0]));
    extend();
    const auto child = decode_block(*chain_->block(chain_->tip().id)).value();
    EXPECT_EQ(decode_coinbase(child.txs[0])->registry_epoch, 1U);
    EXPECT_EQ(chain_->vote_target(chain_->tip().id)->voters->number(), 1U);

    const Sha256Digest root = chain_->registry().root();
    reopen();
    EXPECT_EQ(chain_->epoch().number(), 1U);
    EXPECT_EQ(chain_->registry().root(), root);
}

TEST_F(GovernanceChainTest, AReorganisationUndoesTheEpochAndTheRegistry) {
    submit(rotate_vote(0, new_vote_));
    extend();
    const auto before = chain_->tip().id;
    const Sha256Digest root = chain_->registry().root();

    // Another branch from the same block: empty blocks, one more than the first has.
    auto other = founders_.open(dir_ / "other");
    ASSERT_EQ(other->accept_block(*chain_->block(before), at(now_)).verdict, BlockVerdict::kValid);
    std::uint32_t later = now_;
    std::vector<Bytes> branch;
    for (int i = 0; i < 3; ++i) branch.push_back(founders_.extend(*other, later));

    submit(epoch_tx(due(chain_->state())));
    extend();
    ASSERT_EQ(chain_->epoch().number(), 1U);
    for (const Bytes& block : branch) {
        ASSERT_EQ(chain_->accept_block(block, at(later)).verdict, BlockVerdict::kValid);
    }
    ASSERT_EQ(chain_->tip().id, other->tip().id);
    EXPECT_EQ(chain_->epoch().number(), 0U);
    EXPECT_EQ(chain_->registry().root(), root);
    EXPECT_EQ(pending_changes(chain_->state()).size(), 1U);

    now_ = later;  // the epoch waits in the mempool again, and comes again
    extend();
    EXPECT_EQ(chain_->epoch().number(), 1U);
}

TEST_F(GovernanceChainTest, AReorganisationBringsBackAProposalThatHadPassed) {
    Proposal proposal;
    proposal.change.kind = ChangeKind::kSetParam;
    proposal.change.value = 3'600;
    proposal.expires = 100;
    const Bytes proposed = signed_by(0, TxType::kPropose, encode_proposal(proposal),
                                     subject_of(proposal), founders_.members[0].root);
    const LeafHash leaf = crypto::leaf_hash(proposed);
    submit(proposed);
    extend();

    auto other = founders_.open(dir_ / "other");
    ASSERT_EQ(other->accept_block(*chain_->block(chain_->tip().id), at(now_)).verdict,
              BlockVerdict::kValid);
    std::uint32_t later = now_;
    std::vector<Bytes> branch;
    for (int i = 0; i < 3; ++i) branch.push_back(founders_.extend(*other, later));

    for (const std::size_t member : {1, 2}) {
        submit(signed_by(member, TxType::kApprove, encode_approval(leaf), approval_subject(leaf),
                         founders_.members[member].root));
    }
    extend();
    EXPECT_FALSE(find_proposal(chain_->state(), leaf));
    EXPECT_TRUE(proposals_of(chain_->state(), 0).empty());
    for (const Bytes& block : branch) {
        ASSERT_EQ(chain_->accept_block(block, at(later)).verdict, BlockVerdict::kValid);
    }
    const auto restored = find_proposal(chain_->state(), leaf);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->approvals, std::vector<Slot>{0});
    ASSERT_EQ(proposals_of(chain_->state(), 0).size(), 1U);

    now_ = later;  // the approvals wait in the mempool again
    extend();
    EXPECT_FALSE(find_proposal(chain_->state(), leaf));
    EXPECT_EQ(param_of(chain_->state(), ChangeableParam::kStatusPeriod, ChainParams{}), 3'600U);
}

// What the mempool would not take, put into a block by hand.
class ForgedBlockTest : public GovernanceChainTest {
  protected:
    // The block that a template with `extra` at its end would be, on whatever registry root.
    BlockVerdict verdict_with(const std::vector<Bytes>& extra, const Sha256Digest& root) {
        for (now_ = std::max(now_, chain_->tip().time + 1); now_ < chain_->tip().time + 9'000;
             ++now_) {
            for (const TestMember& member : founders_.members) {
                auto block = chain_->make_template(member.entry.slot, at(now_));
                if (block) return judge(*std::move(block), extra, root, member);
            }
        }
        return BlockVerdict::kOrphan;
    }

  private:
    BlockVerdict judge(BlockTemplate block,
                       const std::vector<Bytes>& extra,
                       const Sha256Digest& root,
                       const TestMember& by) {
        auto coinbase = decode_coinbase(block.txs[0]).value();
        block.txs.insert(block.txs.end(), extra.begin(), extra.end());
        std::vector<LogHash> leaves;
        for (LogIndex i = 0; i < chain_->tip().log_size; ++i) {
            leaves.push_back(log_[static_cast<std::size_t>(i)]);
        }
        for (std::size_t i = 1; i < block.txs.size(); ++i) {
            leaves.push_back(crypto::leaf_hash(block.txs[i]));
        }
        coinbase.n_tx = static_cast<std::uint32_t>(block.txs.size());
        coinbase.log_size = leaves.size();
        coinbase.log_root = crypto::tree_root(leaves);
        coinbase.registry_root = root;
        block.txs[0] = encode_coinbase(coinbase);
        std::vector<TxId> ids;
        for (const Bytes& tx : block.txs) ids.push_back(tx_id(tx));
        block.header.merkle_root = bitcoin_merkle_root(std::move(ids));
        return chain_->accept_block(test::mine(std::move(block), by), at(now_)).verdict;
    }

  protected:
    std::vector<LogHash> log_;
};

TEST_F(ForgedBlockTest, M12HoldsOnTheBytesAlone) {
    const Bytes rotation = rotate_vote(0, new_vote_);
    submit(rotation);
    extend();
    log_ = {crypto::leaf_hash(rotation)};
    const Sha256Digest root = chain_->registry().root();
    EXPECT_EQ(verdict_with({epoch_tx(due(chain_->state(), 2))}, root), BlockVerdict::kEpochRefused);
    EpochTransition skipped = due(chain_->state());
    skipped.record.epoch = 2;
    EXPECT_EQ(verdict_with({epoch_tx(skipped)}, root), BlockVerdict::kEpochRefused);
    const EpochTransition next = due(chain_->state());
    EXPECT_EQ(verdict_with({epoch_tx(next), epoch_tx(next, 1)}, root), BlockVerdict::kEpochRefused)
        << "two in one block";
    EXPECT_EQ(verdict_with({epoch_tx(next)}, root), BlockVerdict::kCoinbaseRegistryRoot)
        << "the root is that of the members before";
    const auto after = apply_change(chain_->registry(), pending_changes(chain_->state())[0].change);
    EXPECT_EQ(verdict_with({epoch_tx(next, 1)}, after->root()), BlockVerdict::kValid);
    EXPECT_EQ(chain_->epoch().number(), 1U);
}

TEST_F(GovernanceChainTest, ARemovedNodeSealsNothingMore) {
    RegistryChange remove;
    remove.kind = ChangeKind::kRemove;
    remove.slot = 2;
    const Proposal proposal{remove, 900};
    const Bytes propose = signed_by(0, TxType::kPropose, encode_proposal(proposal),
                                    subject_of(proposal), founders_.members[0].root);
    submit(propose);
    const auto leaf = crypto::leaf_hash(propose);
    for (const std::size_t by : {1U, 2U}) {
        submit(signed_by(by, TxType::kApprove, encode_approval(leaf), approval_subject(leaf),
                         founders_.members[by].root));
    }
    extend();
    submit(epoch_tx(due(chain_->state())));
    extend();
    EXPECT_EQ(chain_->epoch().node_count(), 2U);
    EXPECT_FALSE(chain_->make_template(2, at(now_ + 90'000)));
    const auto refused =
        chain_->accept_transaction(test::make_policy_tx(founders_.chain_id, founders_.members[2]));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(Refusal::kSignerUnknown));
}

}  // namespace
}  // namespace assay::ledger
