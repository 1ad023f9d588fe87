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
    EXPECT_EQ(chain->block(chain->tip().id), genesis_block(founders.genesis, founders.genesis_bytes));
    EXPECT_EQ(chain->accept_block(*chain->block(chain->tip().id), at(kGenesisTime)).verdict,
              BlockVerdict::kDuplicate);
}

class ChainOf : public testing::TestWithParam<std::size_t> {};

// N = 1, 2, 4: a transaction goes in, s empty blocks settle it, and the chain falls silent.
TEST_P(ChainOf, SettlesATransactionAndFallsSilent) {
    const test::TempDir dir;
    const Founders founders(GetParam());
    const auto chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 5;
    EXPECT_FALSE(chain->make_template(0, at(now)));
    const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0]);
    const auto id = chain->accept_transaction(tx);
    ASSERT_TRUE(id.has_value()) << id.error().to_string();
    EXPECT_EQ(chain->mempool_ids(), std::vector<TxId>{*id});

    const BlockHeight s = chain->registry().diversity_window();
    for (BlockHeight i = 0; i < s + 1; ++i) {
        ASSERT_FALSE(founders.extend(*chain, now).empty());
        ++now;
    }
    EXPECT_EQ(now, kGenesisTime + 5 + s + 1) << "no waiting in between";
    EXPECT_EQ(chain->tip().height, s + 1);
    EXPECT_EQ(chain->settled_height(), 1U);
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

}  // namespace
}  // namespace assay::ledger
