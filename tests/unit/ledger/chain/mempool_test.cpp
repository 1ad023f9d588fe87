#include "ledger/chain/mempool.hpp"

#include <gtest/gtest.h>

#include "ledger/core/coinbase.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;

class Waiting : public testing::Test {
  protected:
    Bytes policy(std::uint64_t version, std::uint8_t vendor = 1, BlockHeight until = 1'000) {
        return test::make_policy_tx(founders.chain_id, founders.members[0],
                                    {version, vendor, until});
    }
    std::string word(const Bytes& tx) {
        const auto accepted = chain->accept_transaction(tx);
        return accepted ? "accepted" : accepted.error().code().message();
    }

    test::TempDir dir;
    Founders founders{1};
    std::unique_ptr<Chain> chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 10;
};

TEST_F(Waiting, RefusesWithTheWordForIt) {
    EXPECT_EQ(word(Bytes(100)), "malformed");
    EXPECT_EQ(word(Bytes(70'000)), "limit-exceeded");
    EXPECT_EQ(word(test::make_policy_tx(ChainId{}, founders.members[0])), "chain-id-mismatch");
    EXPECT_EQ(word(policy(1, 1, 1)), "transaction-expired");
    EXPECT_EQ(word(policy(1, 1, 20'162)), "transaction-expired");
    const test::TestMember stranger(9, "stranger", kRolesAll);
    EXPECT_EQ(word(test::make_policy_tx(founders.chain_id, stranger)), "signer-unknown");
    const Bytes tx = policy(1);
    EXPECT_EQ(word(tx), "accepted");
    EXPECT_EQ(word(tx), "duplicate-transaction");
    EXPECT_EQ(word(policy(1, 1, 999)), "policy-version-not-increasing") << "on the state after it";
    founders.extend(*chain, now);
    EXPECT_EQ(chain->mempool_size(), 0U);
    EXPECT_EQ(word(tx), "duplicate-transaction") << "on the ledger";
}

TEST_F(Waiting, OneMayBuildOnAnother) {
    const std::vector<Bytes> txs = {policy(1), policy(2), policy(1, 7), policy(3)};
    std::vector<TxId> ids;
    for (const Bytes& tx : txs) ids.push_back(chain->accept_transaction(tx).value());
    EXPECT_EQ(chain->mempool_ids(), ids);
    EXPECT_EQ(chain->mempool_transaction(ids[2]), txs[2]);
    EXPECT_FALSE(chain->mempool_transaction(TxId{}));
    const auto block = chain->make_template(0, at(now)).value();
    EXPECT_EQ(std::vector<Bytes>(block.txs.begin() + 1, block.txs.end()), txs);
    founders.extend(*chain, now);
    EXPECT_EQ(chain->tip().log_size, 4U);
    for (LogIndex i = 0; i < 4; ++i) EXPECT_EQ(chain->find(ids[i])->log_index, i);
}

TEST_F(Waiting, SurvivesARestartInOrder) {
    std::vector<TxId> ids;
    for (std::uint64_t version = 1; version <= 20; ++version) {
        ids.push_back(chain->accept_transaction(policy(version)).value());
    }
    chain.reset();
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->mempool_ids(), ids);
    EXPECT_EQ(word(policy(20, 1, 999)), "policy-version-not-increasing");
    EXPECT_EQ(word(policy(21)), "accepted");
    founders.extend(*chain, now);
    EXPECT_EQ(chain->tip().log_size, 21U);
}

TEST_F(Waiting, DropsWhatHasExpired) {
    ASSERT_EQ(word(policy(1, 1, 3)), "accepted");  // blocks 1 and 2 may hold it
    ASSERT_EQ(word(policy(1, 2, 9)), "accepted");
    // Two heartbeats, as if by a member that has not heard of them.
    const test::TempDir other;
    const auto ignorant = founders.open(other / "c");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(chain->mempool_size(), 2U);
        const Bytes block = founders.extend(*ignorant, now);
        EXPECT_TRUE(chain->accept_block(block, at(now)).tip_changed);
    }
    EXPECT_EQ(chain->mempool_size(), 1U);
    chain.reset();
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->mempool_size(), 1U);
}

TEST_F(Waiting, HasRoomFor256OfEachSlot) {
    founders = Founders(2);
    chain.reset();
    chain = founders.open(dir / "d");
    for (std::size_t i = 1; i <= kMempoolTxsOfSlotMax; ++i) {
        ASSERT_EQ(word(policy(i)), "accepted") << i;
    }
    EXPECT_EQ(word(policy(1'000)), "mempool-full");
    EXPECT_EQ(word(test::make_policy_tx(founders.chain_id, founders.members[1], {1, 2, 9})),
              "accepted");
    founders.extend(*chain, now);
    EXPECT_EQ(word(policy(1'000)), "accepted");
}

TEST_F(Waiting, FillsBlocksUpToTheirLimits) {
    founders.genesis.params.block_txs_max = 3;
    founders.genesis.params.block_bytes_max = 1'024;
    founders.genesis.params.tx_bytes_max = 700;
    founders.seal_genesis();
    chain.reset();
    chain = founders.open(dir / "d");
    for (std::uint64_t version = 1; version <= 7; ++version) {
        ASSERT_EQ(word(policy(version)), "accepted");
    }
    std::uint64_t logged = 0;
    while (chain->mempool_size() > 0) {
        const Bytes block = founders.extend(*chain, now);
        EXPECT_LE(block.size(), 1'024U);
        EXPECT_GT(chain->tip().log_size, logged);
        EXPECT_LE(chain->tip().log_size, logged + 2) << "the coinbase is the third";
        logged = chain->tip().log_size;
        ++now;
    }
    EXPECT_EQ(logged, 7U);
}

// The consortium's rules, counted.
class CountingRules final : public RuleSet {
  public:
    Result<void> check(const Transaction& tx,
                       const StateView& state,
                       const TxContext& context) const override {
        ++checked;
        return consortium_rules().check(tx, state, context);
    }
    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        consortium_rules().apply(tx, index, state);
    }
    mutable int checked = 0;
};

TEST_F(Waiting, IsLookedAtAgainOnlyWhenABlockTookAnythingElseThanItsFirst) {
    founders.genesis.params.block_txs_max = 4;
    founders.seal_genesis();
    const CountingRules rules;
    chain = Chain::open(dir / "counted", founders.genesis_bytes, rules).value();
    for (std::uint64_t version = 1; version <= 10; ++version) {
        ASSERT_EQ(word(policy(version)), "accepted");
    }
    rules.checked = 0;
    founders.extend(*chain, now);
    EXPECT_EQ(rules.checked, 3) << "the block's own; the seven behind them were checked on these";
    EXPECT_EQ(chain->mempool_size(), 7U);
    EXPECT_EQ(word(policy(10, 1, 999)), "policy-version-not-increasing");
    EXPECT_EQ(word(policy(11)), "accepted");
    ++now;

    // A block by a member who knows of another transaction.
    const test::TempDir elsewhere;
    const auto other = founders.open(elsewhere / "c");
    const auto first = chain->block(*chain->id_at(1)).value();
    ASSERT_EQ(other->accept_block(first, at(now)).verdict, BlockVerdict::kValid);
    ASSERT_TRUE(other->accept_transaction(policy(5)));
    const Bytes foreign = founders.extend(*other, now);
    rules.checked = 0;
    ASSERT_TRUE(chain->accept_block(foreign, at(now)).tip_changed);
    EXPECT_EQ(rules.checked, 1 + 7) << "it, and all that still wait";
    EXPECT_EQ(chain->mempool_size(), 6U) << "version 4 comes too late";
    while (chain->mempool_size() > 0) {
        ++now;
        founders.extend(*chain, now);
    }
    EXPECT_EQ(chain->tip().log_size, 10U);
}

}  // namespace
}  // namespace assay::ledger
