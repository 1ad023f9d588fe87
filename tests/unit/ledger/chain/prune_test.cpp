// A chain that lets go of the bodies of old blocks: what goes, what stays, and what it can still do.

#include <fstream>

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/store_damage.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

namespace fs = std::filesystem;
using test::Founders;
using test::kGenesisTime;

constexpr BlockHeight kKeep = 5;
constexpr BlockHeight kHeight = 30;

ChainOptions pruning(BlockHeight keep = kKeep) {
    ChainOptions options;
    options.keep_blocks = keep;
    options.file_bytes = 4'096;  // a few blocks
    return options;
}

std::size_t block_files(const fs::path& dir) {
    const auto files = fs::directory_iterator(dir / "blocks");
    return static_cast<std::size_t>(std::distance(fs::begin(files), fs::end(files)));
}

void prune_all(Chain& chain) {
    for (auto more = chain.prune_next(); more && *more; more = chain.prune_next()) {
    }
}

// One chain that keeps all, with a policy in each of its blocks, and one that follows it and prunes.
class Pruned : public testing::Test {
  protected:
    Pruned() : whole{founders.open(dir / "whole")}, chain{founders.open(dir / "c", pruning())} {
        for (std::uint64_t version = 1; version <= kHeight; ++version) grow(version);
        prune_all(*chain);
    }
    void grow(std::uint64_t version) {
        const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0],
                                              {version, 1, 10'000});
        txs.push_back(tx);
        ASSERT_TRUE(whole->accept_transaction(tx));
        const Bytes block = founders.extend_and_vote(*whole, now);
        follow(*chain, block);
        ++now;
    }
    void follow(Chain& behind, ByteView block) {
        ASSERT_EQ(behind.accept_block(block, test::at(now)).verdict, BlockVerdict::kValid);
        for (const Certificate& certificate : whole->newest_certificates()) {
            (void)behind.accept_certificate(certificate);
        }
    }
    void reopen(ChainOptions options = pruning()) {
        chain.reset();
        chain = founders.open(dir / "c", options);
        ASSERT_NE(chain, nullptr);
    }
    void expect_sound() {
        EXPECT_FALSE(chain->repair()) << chain->repair()->damage;
        test::check_all(*chain);
        EXPECT_FALSE(chain->has_failed()) << chain->failure();
        EXPECT_EQ(chain->tip().id, whole->tip().id);
        EXPECT_EQ(chain->tip().log_root, whole->tip().log_root);
    }

    test::TempDir dir{test::memory_folder()};
    Founders founders{1};
    std::uint32_t now = kGenesisTime + 5;
    std::unique_ptr<Chain> whole, chain;
    std::vector<Bytes> txs;
};

TEST_F(Pruned, KeepsSoManyBodiesUpToTheFinalBlock) {
    const BlockHeight final = chain->final_block().height;
    ASSERT_GT(final, kKeep + 10);
    EXPECT_EQ(chain->first_block(), final + 1 - kKeep);
    for (BlockHeight height = 1; height <= kHeight; ++height) {
        const BlockId id = whole->id_at(height).value();
        EXPECT_EQ(chain->id_at(height), id);
        EXPECT_TRUE(chain->has_block(id)) << "its header stays";
        EXPECT_EQ(chain->at_height(height).log_root, whole->at_height(height).log_root);
        EXPECT_EQ(chain->block(id).has_value(), height >= chain->first_block()) << height;
    }
    EXPECT_TRUE(chain->block(whole->id_at(0).value())) << "the genesis makes it";
    EXPECT_EQ(chain->block(whole->id_at(0).value()), whole->block(whole->id_at(0).value()));
    EXPECT_EQ(chain->headers_after(chain->locator(), 100), whole->headers_after(whole->locator(), 100));
    expect_sound();
}

TEST_F(Pruned, WhatMayBeAskedForIsFoundAsBefore) {
    for (const Bytes& tx : txs) {
        const auto found = chain->find(crypto::leaf_hash(tx));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->bytes, tx);
        const auto there = whole->find(crypto::leaf_hash(tx));
        EXPECT_EQ(found->log_index, there->log_index);
        EXPECT_EQ(found->block, there->block);
        EXPECT_TRUE(chain->accept_transaction(tx).error().is(Refusal::kDuplicateTransaction));
    }
}

TEST_F(Pruned, FilesWithNothingInThemAreRemoved) {
    EXPECT_LT(block_files(dir / "c"), 4U);
    chain.reset();
    // What a crash between the write and the removal leaves.
    std::ofstream(dir / "c" / "blocks" / "blk00000.dat") << "left over";
    reopen();
    EXPECT_FALSE(fs::exists(dir / "c" / "blocks" / "blk00000.dat"));
    expect_sound();
}

TEST_F(Pruned, GoesOnAfterRestartsAndWithOtherNumbers) {
    for (std::uint64_t version = kHeight + 1; version <= kHeight + 10; ++version) {
        reopen();
        expect_sound();
        grow(version);
        prune_all(*chain);
        EXPECT_EQ(chain->first_block(), chain->final_block().height + 1 - kKeep);
    }
    const BlockHeight first = chain->first_block();
    reopen({});
    EXPECT_EQ(chain->first_block(), first) << "what is gone is gone";
    EXPECT_EQ(chain->prune_next().value(), false);
    reopen(pruning(2));
    prune_all(*chain);
    EXPECT_EQ(chain->first_block(), chain->final_block().height - 1);
    expect_sound();
}

TEST_F(Pruned, NothingIsPrunedWithoutBeingAskedFor) {
    EXPECT_EQ(whole->prune_next().value(), false);
    EXPECT_EQ(whole->first_block(), 0U);
    const auto lately = founders.open(dir / "lately", pruning(kHeight + 1));
    for (BlockHeight height = 1; height <= kHeight; ++height) {
        follow(*lately, whole->block(whole->id_at(height).value()).value());
    }
    EXPECT_EQ(lately->prune_next().value(), false);
    EXPECT_EQ(lately->first_block(), 0U);
}

// A chain that still catches up holds its writes back.
TEST_F(Pruned, WhileWritesAreHeldBack) {
    const auto late = founders.open(dir / "late", pruning());
    for (BlockHeight height = 1; height <= kHeight; ++height) {
        const Bytes block = whole->block(whole->id_at(height).value()).value();
        ASSERT_EQ(late->accept_block(block, test::at(now), Durable::kLater).verdict,
                  BlockVerdict::kValid);
        if (height % 7 == 0) {
            ASSERT_TRUE(late->prune_next());
        }
    }
    EXPECT_GT(late->first_block(), 0U);
    ASSERT_TRUE(late->flush());
    test::check_all(*late);
    EXPECT_FALSE(late->has_failed()) << late->failure();
    EXPECT_EQ(late->tip().id, whole->tip().id);
}

// Without the blocks below it the ledger comes back from the other members.
TEST_F(Pruned, IsRebuiltFromOthersWhenDamaged) {
    const BlockHeight first = chain->first_block();
    for (const char table : std::string_view("kPutfH")) {
        chain.reset();
        test::lose_table(dir / "c", table);
        chain = founders.open(dir / "c", pruning());
        ASSERT_NE(chain, nullptr);
        test::check_all(*chain);
        ASSERT_TRUE(!chain->has_failed() || chain->recover()) << table;
        ASSERT_TRUE(chain->repair()) << table;
        EXPECT_EQ(chain->repair()->pruned_below, table == 'P' ? 0 : first) << table;
        EXPECT_EQ(chain->tip().height, 0U) << table;
        for (BlockHeight height = 1; height <= kHeight; ++height) {
            follow(*chain, whole->block(whole->id_at(height).value()).value());
        }
        prune_all(*chain);
        EXPECT_EQ(chain->first_block(), first);
        EXPECT_EQ(chain->tip().log_root, whole->tip().log_root);
        test::check_all(*chain);
        EXPECT_FALSE(chain->has_failed()) << chain->failure();
    }
}

// Three members, so that branches are possible: what left the final branch goes, what is above stays.
TEST(Prune, DeadBranchesGo) {
    const test::TempDir dir{test::memory_folder()};
    Founders founders(3);
    founders.genesis.params.heartbeat_s = 1;
    founders.seal_genesis();
    const auto chain = founders.open(dir / "c", pruning());
    std::uint32_t now = kGenesisTime + 5;
    std::vector<BlockId> dead;
    for (int i = 0; i < 20; ++i, ++now) {
        // A sibling of the block to come, by whoever may seal it too.
        std::optional<BlockTemplate> sibling;
        std::size_t by = 2;
        for (; by > 0 && !sibling; --by) {
            sibling = chain->make_template(founders.members[by].entry.slot, test::at(now + 40));
            if (sibling) break;
        }
        ASSERT_FALSE(founders.extend_and_vote(*chain, now).empty());
        if (!sibling || by == 0) continue;
        const Bytes bytes = test::mine(*sibling, founders.members[by]);
        const auto outcome = chain->accept_block(bytes, test::at(now + 40));
        if (outcome.verdict == BlockVerdict::kValid && !outcome.tip_changed) dead.push_back(outcome.id);
    }
    ASSERT_GT(dead.size(), 5U);
    prune_all(*chain);
    ASSERT_GT(chain->first_block(), 5U);
    std::size_t gone = 0;
    for (const BlockId& id : dead) gone += chain->has_block(id) ? 0 : 1;
    EXPECT_GT(gone, 2U);
    EXPECT_LT(gone, dead.size()) << "those above the first block stay";
    const BlockId tip = chain->tip().id;
    while (!chain->has_failed() && !chain->check_next()) {
    }
    EXPECT_FALSE(chain->has_failed()) << chain->failure();
    EXPECT_EQ(chain->tip().id, tip);
}

// The rules of the consortium, were there nobody who asks for policies of even versions.
class ForgetfulRules final : public RuleSet {
  public:
    [[nodiscard]] Result<void> check(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) const override {
        return consortium_rules().check(tx, state, context);
    }
    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        consortium_rules().apply(tx, index, state);
    }
    [[nodiscard]] bool is_kept(const Transaction& tx,
                               const StateView& /*state*/,
                               std::uint64_t final_log_size) const override {
        EXPECT_GT(final_log_size, 0U);
        return decode_vendor_policy(tx.body.body)->version % 2 == 1;
    }
};

TEST(Prune, OfWhatNobodyAsksForThePlaceStays) {
    const test::TempDir dir{test::memory_folder()};
    const Founders founders(1);
    const ForgetfulRules rules;
    auto chain = Chain::open(dir / "c", founders.genesis_bytes, rules, pruning()).value();
    std::uint32_t now = kGenesisTime + 5;
    std::vector<Bytes> txs;
    for (std::uint64_t version = 1; version <= 20; ++version, ++now) {
        txs.push_back(test::make_policy_tx(founders.chain_id, founders.members[0],
                                           {version, 1, 10'000}));
        ASSERT_TRUE(chain->accept_transaction(txs.back()));
        founders.extend_and_vote(*chain, now);
    }
    prune_all(*chain);
    chain.reset();
    chain = Chain::open(dir / "c", founders.genesis_bytes, rules, pruning()).value();
    ASSERT_GT(chain->first_block(), 10U);
    for (std::size_t i = 0; i < txs.size(); ++i) {
        const LeafHash leaf = crypto::leaf_hash(txs[i]);
        const auto place = chain->place_of(leaf);
        ASSERT_TRUE(place) << "it is on the ledger";
        EXPECT_EQ(place->log_index, i);
        EXPECT_EQ(place->height, i + 1);
        const bool is_gone = place->height < chain->first_block() && (i + 1) % 2 == 0;
        EXPECT_EQ(place->is_pruned(), is_gone);
        EXPECT_EQ(chain->find(leaf).has_value(), !is_gone);
        EXPECT_TRUE(chain->accept_transaction(txs[i]).error().is(Refusal::kDuplicateTransaction));
        const auto size = chain->tip().log_size;
        EXPECT_TRUE(crypto::verify_inclusion(leaf, i, size, chain->inclusion_path(i, size),
                                             chain->tip().log_root))
            << "it can be proved all the same";
    }
    EXPECT_FALSE(chain->repair());
    while (!chain->has_failed() && !chain->check_next()) {
    }
    EXPECT_FALSE(chain->has_failed()) << chain->failure();
}

}  // namespace
}  // namespace assay::ledger
