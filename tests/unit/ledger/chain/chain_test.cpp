#include "ledger/chain/chain.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;
using test::PolicyOptions;

TEST(Chain, StartsAtTheGenesis) {
    const test::TempDir dir;
    const Founders founders(1);
    const auto chain = founders.open(dir / "c");
    EXPECT_EQ(chain->tip().height, 0U);
    EXPECT_EQ(chain->tip().id, genesis_header(founders.genesis, founders.genesis_bytes).id());
    EXPECT_EQ(chain->tip().log_size, 0U);
    EXPECT_EQ(chain->tip().log_root, crypto::empty_root());
    EXPECT_EQ(chain->chain_id(), founders.chain_id);
    EXPECT_EQ(chain->block(chain->tip().id),
              genesis_block(founders.genesis, founders.genesis_bytes));
    EXPECT_EQ(chain->accept_block(*chain->block(chain->tip().id), at(kGenesisTime)).verdict,
              BlockVerdict::kDuplicate);
}

class ChainOf : public testing::TestWithParam<std::size_t> {};

// N = 1, 2, 4: a transaction goes in, the votes for it and for one empty block make it final, a
// second empty block carries them, and the chain falls silent.
TEST_P(ChainOf, FinalisesATransactionAndFallsSilent) {
    const test::TempDir dir;
    const Founders founders(GetParam());
    const auto chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 5;
    EXPECT_FALSE(chain->make_template(0, at(now)));
    const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0]);
    const auto id = chain->accept_transaction(tx);
    ASSERT_TRUE(id.has_value()) << id.error().to_string();
    EXPECT_EQ(chain->mempool_ids(), std::vector<TxId>{*id});

    for (int i = 0; i < 2; ++i, ++now) {
        EXPECT_EQ(chain->final_block().height, 0U);
        ASSERT_FALSE(founders.extend_and_vote(*chain, now).empty());
    }
    EXPECT_EQ(chain->final_block(), (ChainPoint{1, *chain->id_at(1)}));
    ASSERT_FALSE(founders.extend_and_vote(*chain, now).empty());
    ++now;
    EXPECT_EQ(now, kGenesisTime + 5 + 3) << "no waiting in between";
    EXPECT_EQ(chain->tip().height, 3U);
    EXPECT_EQ(chain->mempool_size(), 0U);
    for (const auto& member : founders.members) {
        EXPECT_FALSE(chain->make_template(member.entry.slot, at(now + 1)));
    }

    const auto found = chain->find(*id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->bytes, tx);
    EXPECT_EQ(found->height, 1U);
    EXPECT_EQ(found->log_index, 0U);
    EXPECT_EQ(found->block, chain->id_at(1));
    EXPECT_EQ(chain->find(crypto::leaf_hash(tx))->bytes, tx);
}
INSTANTIATE_TEST_SUITE_P(Members, ChainOf, testing::Values(1, 2, 4));

// Genesis parameters small enough to see each branch of rule B15 in a few blocks.
TEST(EmptyBlocks, ComeAtOnceThenAfterABackOffThenAtTheHeartbeat) {
    const test::TempDir dir;
    Founders founders(4);  // s = 3
    founders.genesis.params.urgent_blocks_max = 1;
    founders.genesis.params.backoff_intervals = 2;
    founders.genesis.params.heartbeat_s = 100;
    founders.seal_genesis();
    const auto chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 5;
    ASSERT_TRUE(
        chain->accept_transaction(test::make_policy_tx(founders.chain_id, founders.members[0])));
    founders.extend(*chain, now);
    std::vector<std::uint32_t> waits;
    for (const bool vote : {false, false, true, true, false, false}) {
        vote ? founders.extend_and_vote(*chain, now) : founders.extend(*chain, now);
        waits.push_back(chain->tip().time - chain->at_height(chain->tip().height - 1).time);
    }
    EXPECT_EQ(waits, (std::vector<std::uint32_t>{1, 30, 30, 30, 30, 100}))
        << "busy until a block carries the votes that finalise the transaction";
}

TEST(Chain, RaisesTheDifficultyOfBlocksThatComeTooFast) {
    const test::TempDir dir;
    Founders founders(1);
    founders.genesis.params.half_life_s = 20;
    founders.seal_genesis();
    const auto chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 5;
    std::vector<std::uint32_t> bits;
    for (std::uint64_t version = 1; version <= 7; ++version, ++now) {
        PolicyOptions options;
        options.version = version;
        ASSERT_TRUE(chain->accept_transaction(
            test::make_policy_tx(founders.chain_id, founders.members[0], options)));
        const Bytes block = founders.extend(*chain, now);
        bits.push_back(decode_block(block)->header().bits);
    }
    // Block 1 ends an idle time, which does not count; every later one is 14 s ahead of T.
    EXPECT_EQ(bits[0], test::kEasyPow);
    EXPECT_EQ(bits[1], test::kEasyPow);
    for (std::size_t i = 2; i < bits.size(); ++i) {
        EXPECT_LT(*expand_target(bits[i]), *expand_target(bits[i - 1])) << i;
    }
}

TEST(Chain, WithholdsTheTemplateUntilTheParentsTimeHasPassed) {
    const test::TempDir dir;
    const Founders founders(1);
    const auto chain = founders.open(dir / "c");
    ASSERT_TRUE(
        chain->accept_transaction(test::make_policy_tx(founders.chain_id, founders.members[0])));
    EXPECT_FALSE(chain->make_template(0, at(kGenesisTime - 100)));
    EXPECT_FALSE(chain->make_template(0, at(kGenesisTime)));
    EXPECT_TRUE(chain->make_template(0, at(kGenesisTime + 1)));
    EXPECT_FALSE(chain->make_template(1, at(kGenesisTime + 1))) << "no such member";
}

// 24 blocks of one transaction each; built once, for its tests only read it.
class LongChain : public testing::Test {
  protected:
    static constexpr BlockHeight kHeight = 24;
    struct Built {
        test::TempDir dir;
        Founders founders{1};
        std::unique_ptr<Chain> chain = founders.open(dir / "c");
    };
    static void SetUpTestSuite() {
        built = std::make_unique<Built>();
        std::uint32_t now = kGenesisTime + 5;
        for (std::uint64_t version = 1; version <= kHeight; ++version, ++now) {
            PolicyOptions options;
            options.version = version;
            ASSERT_TRUE(built->chain->accept_transaction(test::make_policy_tx(
                built->founders.chain_id, built->founders.members[0], options)));
            built->founders.extend(*built->chain, now);
        }
    }
    static void TearDownTestSuite() { built.reset(); }

    static inline std::unique_ptr<Built> built;
    const Chain& chain = *built->chain;
};

TEST_F(LongChain, ProvesEveryTransactionUnderEverySize) {
    EXPECT_EQ(chain.tip().log_size, kHeight);
    for (std::uint64_t size = 1; size <= kHeight; ++size) {
        const LogHash root = chain.log_root(size);
        EXPECT_EQ(root, chain.at_height(static_cast<BlockHeight>(size)).log_root);
        for (LogIndex index = 0; index < size; ++index) {
            const auto block = chain.block(*chain.id_at(static_cast<BlockHeight>(index + 1)));
            const LeafHash leaf = crypto::leaf_hash(decode_block(*block)->txs[1]);
            ASSERT_TRUE(crypto::verify_inclusion(leaf, index, size,
                                                 chain.inclusion_path(index, size), root));
        }
    }
}

TEST_F(LongChain, LocatesAForkInFewIds) {
    const auto ids = chain.locator();
    EXPECT_LE(ids.size(), 32U);
    EXPECT_EQ(ids.front(), chain.tip().id);
    EXPECT_EQ(ids.back(), chain.id_at(0));
    const auto after = [this](std::vector<BlockId> locator, std::size_t max) {
        return chain.headers_after(locator, max);
    };
    EXPECT_TRUE(after(ids, 100).empty());
    EXPECT_EQ(after({*chain.id_at(0)}, 100).size(), kHeight);
    EXPECT_EQ(after({}, 100).size(), kHeight);
    const auto some = after({BlockId{}, *chain.id_at(15), *chain.id_at(5)}, 4);
    ASSERT_EQ(some.size(), 4U);
    EXPECT_EQ(some.front().id(), chain.id_at(16));
    EXPECT_EQ(some.back().id(), chain.id_at(19));
}

TEST_F(LongChain, CatchesANewMemberUp) {
    const auto follower = built->founders.open(built->dir / "follower");
    for (const auto& sealed : chain.headers_after(follower->locator(), 2'000)) {
        const auto block = chain.block(sealed.id());
        ASSERT_TRUE(follower->accept_block(*block, at(kGenesisTime + 1'000)).tip_changed);
    }
    EXPECT_EQ(follower->tip().id, chain.tip().id);
    EXPECT_FALSE(chain.id_at(kHeight + 1));
    EXPECT_FALSE(chain.find(TxId{}));
    EXPECT_FALSE(chain.find(LeafHash{}));
    EXPECT_FALSE(chain.block(BlockId{}));
}

}  // namespace
}  // namespace assay::ledger
