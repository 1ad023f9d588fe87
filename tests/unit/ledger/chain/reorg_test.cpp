#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "ledger/chain/chain_store.hpp"
#include "ledger/core/coinbase.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;

// A rule set that refuses nothing: for blocks that honest members would not make.
class LaxRules final : public RuleSet {
  public:
    Result<void> check(const Transaction&, const StateView&, const TxContext&) const override {
        return {};
    }
    void apply(const Transaction&, LogIndex, StateWriter&) const override {}
};

// The tables that depend on the best chain alone (chain_keys.hpp), and the tip.
std::map<Bytes, Bytes> chain_state(const std::filesystem::path& dir) {
    std::map<Bytes, Bytes> state;
    const auto store = open_chain_store(dir);
    EXPECT_TRUE(store.has_value());
    for (const char table : std::string_view("THtfls")) {
        (*store)->for_each(as_bytes(std::string_view(&table, 1)),
                           [&](ByteView key, ByteView value) {
                               state.emplace(to_bytes(key), to_bytes(value));
                               return true;
                           });
    }
    return state;
}

class Reorg : public testing::Test {
  protected:
    // A chain of its own that takes `txs`, each in a block, and its blocks.
    std::vector<Bytes> branch(const std::string& name,
                              const std::vector<Bytes>& txs,
                              std::uint32_t now,
                              const RuleSet& rules = consortium_rules()) {
        auto chain = Chain::open(dir / name, founders.genesis_bytes, rules).value();
        std::vector<Bytes> blocks;
        for (const Bytes& tx : txs) {
            const auto accepted = chain->accept_transaction(tx);
            EXPECT_TRUE(accepted) << accepted.error().to_string();
            blocks.push_back(founders.extend(*chain, now));
            ++now;
        }
        return blocks;
    }
    Bytes policy(std::uint64_t version, std::uint8_t vendor = 1, BlockHeight until = 1'000) {
        return test::make_policy_tx(founders.chain_id, founders.members[0],
                                    {version, vendor, until});
    }
    static BlockOutcome give(Chain& chain, const Bytes& block) {
        return chain.accept_block(block, at(kGenesisTime + 10'000));
    }

    test::TempDir dir;
    Founders founders{2};
};

TEST_F(Reorg, LeavesTheStateOfAChainThatNeverSawTheOtherBranch) {
    const auto shared = branch("shared", {policy(1), policy(2), policy(1, 7)}, kGenesisTime + 10);
    std::filesystem::copy(dir / "shared", dir / "long", std::filesystem::copy_options::recursive);
    std::filesystem::copy(dir / "shared", dir / "short", std::filesystem::copy_options::recursive);
    const Bytes only_short = policy(1, 9);
    const Bytes both = policy(3);
    const auto short_branch = branch("short", {both, only_short}, kGenesisTime + 100);
    const auto long_branch = branch("long", {policy(1, 8), policy(2, 8), both}, kGenesisTime + 200);

    auto chain = founders.open(dir / "short");
    const ChainTip before = chain->tip();
    EXPECT_EQ(before.height, 5U);
    EXPECT_FALSE(give(*chain, long_branch[0]).tip_changed) << "less work";
    const auto tie = give(*chain, long_branch[1]);
    EXPECT_EQ(tie.verdict, BlockVerdict::kValid);
    EXPECT_EQ(chain->tip().id, std::min(tie.id, before.id)) << "of equals the smaller id";
    const auto outcome = give(*chain, long_branch[2]);
    EXPECT_EQ(outcome.verdict, BlockVerdict::kValid) << outcome.detail;
    EXPECT_TRUE(outcome.tip_changed);
    EXPECT_EQ(chain->tip().height, 6U);
    EXPECT_EQ(chain->tip().id, outcome.id);

    // What only the branch left behind held waits again; what both hold does not.
    EXPECT_EQ(chain->mempool_ids(), std::vector<TxId>{tx_id(only_short)});
    EXPECT_TRUE(chain->find(tx_id(both)));
    EXPECT_EQ(chain->find(tx_id(both))->height, 6U);
    EXPECT_FALSE(chain->find(tx_id(only_short)));
    EXPECT_EQ(chain->log_root(6), chain->tip().log_root);
    EXPECT_TRUE(chain->has_block(before.id)) << "the old branch stays at hand";
    chain.reset();
    EXPECT_TRUE(chain_state(dir / "short") == chain_state(dir / "long"));
}

// Two members find a block at once. Were each to stay on its own, the diversity rule would bar both
// from the next, and the chain would stand still for ever.
TEST_F(Reorg, OfEqualBranchesEveryMemberTakesTheSame) {
    const auto a = branch("a", {policy(1)}, kGenesisTime + 10);
    const auto b = branch("b", {policy(1, 8)}, kGenesisTime + 200);
    const auto first = founders.open(dir / "first");
    const auto second = founders.open(dir / "second");
    give(*first, a[0]);
    give(*first, b[0]);
    give(*second, b[0]);
    give(*second, a[0]);
    EXPECT_EQ(first->tip().id, second->tip().id);
    EXPECT_EQ(first->tip().id,
              std::min(decode_block(a[0])->sealed.id(), decode_block(b[0])->sealed.id()));
}

TEST_F(Reorg, ThereAndBackChangesNothing) {
    const auto a = branch("a", {policy(1), policy(2), policy(3)}, kGenesisTime + 10);
    const auto b = branch("b", {policy(1, 8), policy(2, 8)}, kGenesisTime + 200);
    auto chain = founders.open(dir / "c");
    EXPECT_TRUE(give(*chain, a[0]).tip_changed);
    give(*chain, b[0]);
    EXPECT_TRUE(give(*chain, b[1]).tip_changed);
    EXPECT_EQ(chain->mempool_size(), 1U);
    give(*chain, a[1]);
    EXPECT_TRUE(give(*chain, a[2]).tip_changed);
    EXPECT_EQ(chain->mempool_size(), 2U) << "those of b";
    chain.reset();
    EXPECT_TRUE(chain_state(dir / "c") == chain_state(dir / "a"));
}

TEST_F(Reorg, DropsWaitingTransactionsThatTheNewBranchRulesOut) {
    const auto a = branch("a", {policy(1)}, kGenesisTime + 10);
    const auto b = branch("b", {policy(5), policy(6)}, kGenesisTime + 200);
    const auto chain = founders.open(dir / "c");
    give(*chain, a[0]);
    ASSERT_TRUE(chain->accept_transaction(policy(2)));
    ASSERT_TRUE(chain->accept_transaction(policy(7)));
    give(*chain, b[0]);
    EXPECT_TRUE(give(*chain, b[1]).tip_changed);
    ASSERT_EQ(chain->mempool_size(), 1U) << "versions 1 and 2 come too late";
    EXPECT_TRUE(chain->accept_transaction(policy(7, 2))) << "another vendor's";
}

TEST_F(Reorg, ReturnsFromABranchThatTurnsOutInvalid) {
    const auto good = branch("good", {policy(1), policy(2), policy(3)}, kGenesisTime + 10);
    const LaxRules lax;
    // The same version again is refused, by all who check it.
    const auto bad = branch("bad", {policy(1, 8), policy(1, 8, 999), policy(2, 8), policy(3, 8)},
                            kGenesisTime + 200, lax);
    auto chain = founders.open(dir / "c");
    for (const Bytes& block : good) ASSERT_TRUE(give(*chain, block).tip_changed);
    const Bytes waiting = policy(4);
    ASSERT_TRUE(chain->accept_transaction(waiting));
    for (std::size_t i = 0; i < 2; ++i) {
        const auto outcome = give(*chain, bad[i]);
        EXPECT_EQ(outcome.verdict, BlockVerdict::kValid) << i;
        EXPECT_FALSE(outcome.tip_changed);
    }
    EXPECT_FALSE(give(*chain, bad[2]).tip_changed) << "as much work, perhaps with a smaller id";
    const auto outcome = give(*chain, bad[3]);
    EXPECT_EQ(outcome.verdict, BlockVerdict::kInvalidAncestor) << outcome.detail;
    EXPECT_FALSE(outcome.tip_changed);
    EXPECT_EQ(chain->tip().id, decode_block(good[2])->sealed.id());
    EXPECT_EQ(give(*chain, bad[1]).verdict, BlockVerdict::kTransactionRefused);
    EXPECT_FALSE(chain->has_block(decode_block(bad[1])->sealed.id()));
    EXPECT_TRUE(chain->make_template(0, at(kGenesisTime + 500)) ||
                chain->make_template(1, at(kGenesisTime + 500)))
        << "what waited is ready again";
    EXPECT_TRUE(chain->mempool_transaction(tx_id(waiting)));

    // The one good block of that branch went back to the mempool and stays possible.
    EXPECT_EQ(chain->mempool_size(), 2U);
    chain.reset();
    EXPECT_TRUE(chain_state(dir / "c") == chain_state(dir / "good"));
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->mempool_size(), 2U);
}

TEST_F(Reorg, IsFinishedAtTheNextStartIfACrashCutItShort) {
    const auto a = branch("a", {policy(1), policy(2)}, kGenesisTime + 10);
    const auto b = branch("b", {policy(1, 8), policy(2, 8), policy(3, 8)}, kGenesisTime + 200);
    auto chain = founders.open(dir / "c");
    for (const Bytes& block : a) give(*chain, block);
    for (std::size_t i = 0; i < 2; ++i) give(*chain, b[i]);
    chain.reset();
    {
        // The state between storing the deciding block and following it: as after two of b's three
        // blocks and a crash right after the third was written.
        std::filesystem::copy(dir / "b", dir / "b2", std::filesystem::copy_options::recursive);
        const auto from = open_chain_store(dir / "b2").value();
        const auto to = open_chain_store(dir / "c").value();
        const BlockId id = decode_block(b[2])->sealed.id();
        WriteBatch batch;
        for (const char table : {'h', 'b'}) {
            Bytes key{static_cast<std::byte>(table)};
            append(key, id.view());
            batch.put(key, from->get(key).value());
        }
        Bytes candidate{static_cast<std::byte>('c')};
        for (int i = 0; i < 31; ++i) candidate.push_back(std::byte{0xff});
        candidate.push_back(std::byte{0xff - 6});  // three blocks of two hashes each, inverted
        append(candidate, id.view());
        batch.put(candidate, {});
        ASSERT_TRUE(to->write_synced(batch));
    }
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->tip().id, decode_block(b[2])->sealed.id());
    EXPECT_EQ(chain->mempool_size(), 2U) << "those of a";
}

}  // namespace
}  // namespace assay::ledger
