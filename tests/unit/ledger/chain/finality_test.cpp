// What certificates do to a chain: rules F6 to F8, and how they come to it.

#include <algorithm>

#include <gtest/gtest.h>

#include "ledger/core/coinbase.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;
using Verdict = CertificateOutcome::Verdict;

class FinalityOf : public testing::Test {
  protected:
    [[nodiscard]] Bytes tx(std::uint8_t vendor) const {
        return test::make_policy_tx(founders.chain_id, founders.members[0], {1, vendor, 1'000});
    }
    // A chain of its own of `blocks` blocks, the first with a transaction of `vendor`.
    std::unique_ptr<Chain> grown(const std::string& name, std::uint8_t vendor, int blocks) {
        auto chain = founders.open(dir / name);
        EXPECT_TRUE(chain->accept_transaction(tx(vendor)));
        std::uint32_t now = kGenesisTime + 10;
        for (int i = 0; i < blocks; ++i, ++now) founders.extend(*chain, now);
        return chain;
    }
    static BlockOutcome give(Chain& chain, const Chain& from, BlockHeight height) {
        return chain.accept_block(from.block(*from.id_at(height)).value(), at(kGenesisTime + 900));
    }
    static void give_all(Chain& chain, const Chain& from) {
        for (BlockHeight height = 1; height <= from.tip().height; ++height) {
            EXPECT_EQ(give(chain, from, height).verdict, BlockVerdict::kValid);
        }
    }
    static Bytes tx_of_block_1(const Chain& chain) {
        const Bytes bytes = chain.block(*chain.id_at(1)).value();
        return to_bytes(decode_block(bytes)->txs[1]);
    }
    // Votes make the tip final, by a block on top of it.
    void finalise_tip(Chain& chain) const {
        const BlockHeight height = chain.tip().height;
        std::uint32_t now = kGenesisTime + 20;
        ASSERT_EQ(chain.accept_certificate(certificate(chain, height)).verdict, Verdict::kNew);
        founders.extend(chain, now);
        ASSERT_EQ(chain.accept_certificate(certificate(chain, height + 1)).verdict, Verdict::kNew);
        ASSERT_EQ(chain.final_block().height, height);
    }
    [[nodiscard]] Certificate certificate(const Chain& chain, BlockHeight height) const {
        return founders.certificate_for(chain, *chain.id_at(height), 3);
    }

    test::TempDir dir;
    Founders founders{4};  // s = 3, m = 3
};

TEST_F(FinalityOf, TwoCertificatesInARowMakeTheFirstBlockFinal) {
    auto chain = grown("a", 1, 2);
    EXPECT_EQ(chain->final_block(), (ChainPoint{0, *chain->id_at(0)}));
    EXPECT_EQ(chain->accept_certificate(certificate(*chain, 2)).verdict, Verdict::kNew);
    EXPECT_EQ(chain->justified_block().height, 2U);
    EXPECT_EQ(chain->final_block().height, 0U) << "from block 0 to block 2 nothing is final";

    std::uint32_t now = kGenesisTime + 20;
    founders.extend(*chain, now);  // carries that certificate
    EXPECT_EQ(chain->accept_certificate(certificate(*chain, 3)).verdict, Verdict::kNew);
    EXPECT_EQ(chain->justified_block(), (ChainPoint{3, chain->tip().id}));
    EXPECT_EQ(chain->final_block(), (ChainPoint{2, *chain->id_at(2)}));
    EXPECT_EQ(chain->accept_certificate(certificate(*chain, 3)).verdict, Verdict::kKnown);
}

TEST_F(FinalityOf, BlocksCarryItToThoseWhoHeardNoVote) {
    auto teller = founders.open(dir / "teller");
    ASSERT_TRUE(teller->accept_transaction(tx(1)));
    std::uint32_t now = kGenesisTime + 10;
    for (int i = 0; i < 3; ++i, ++now) founders.extend_and_vote(*teller, now);
    auto listener = founders.open(dir / "listener");
    give_all(*listener, *teller);
    EXPECT_EQ(listener->justified_block().height, 2U) << "what block 3 carries";
    EXPECT_EQ(listener->final_block().height, 1U);
    EXPECT_EQ(teller->final_block().height, 2U) << "who heard the votes is ahead";
}

TEST_F(FinalityOf, SurvivesARestart) {
    auto chain = grown("a", 1, 1);
    finalise_tip(*chain);
    const auto final_block = chain->final_block();
    const auto justified = chain->justified_block();
    EXPECT_EQ(final_block.height, 1U);
    chain.reset();
    chain = founders.open(dir / "a");
    EXPECT_EQ(chain->final_block(), final_block);
    EXPECT_EQ(chain->justified_block(), justified);
    EXPECT_EQ(chain->newest_certificates().size(), 1U) << "one made both";
}

TEST_F(FinalityOf, RefusesCertificatesThatDoNotFitTheChain) {
    auto chain = grown("a", 1, 2);
    const Certificate good = certificate(*chain, 2);
    const auto verdict = [&](auto&& spoil) {
        Certificate bad = good;
        spoil(bad);
        return chain->accept_certificate(bad).verdict;
    };
    EXPECT_EQ(verdict([](auto& c) { c.link.target.id.bytes[0] ^= std::byte{1}; }),
              Verdict::kUnknownTarget);
    EXPECT_EQ(verdict([](auto& c) { c.link.target.height = 3; }), Verdict::kUnknownTarget);
    EXPECT_EQ(verdict([&](auto& c) { c.link.source = {1, *chain->id_at(1)}; }), Verdict::kInvalid);
    EXPECT_EQ(verdict([](auto& c) { c.votes.pop_back(); }), Verdict::kInvalid);
    EXPECT_EQ(verdict([](auto& c) { c.votes.back().slot = 3; }), Verdict::kInvalid);
    EXPECT_EQ(verdict([](auto& c) { c.votes.back().slot = 9; }), Verdict::kInvalid);
    EXPECT_EQ(chain->justified_block().height, 0U);
    EXPECT_EQ(chain->accept_certificate(good).verdict, Verdict::kNew);
}

TEST_F(FinalityOf, F6TheHighestJustifiedBlockGoesBeforeMostWork) {
    const auto longer = grown("longer", 1, 4);
    const auto shorter = grown("shorter", 2, 2);
    auto chain = founders.open(dir / "c");
    give_all(*chain, *longer);
    give_all(*chain, *shorter);
    ASSERT_EQ(chain->tip().id, longer->tip().id);
    const auto outcome = chain->accept_certificate(certificate(*shorter, 1));
    EXPECT_EQ(outcome.verdict, Verdict::kNew);
    EXPECT_TRUE(outcome.tip_changed);
    EXPECT_EQ(chain->tip().id, shorter->tip().id) << "of those with it the one of most work";
    EXPECT_TRUE(chain->conflict().empty()) << "nothing was final";

    // A higher one on the other branch turns it back.
    EXPECT_TRUE(chain->accept_certificate(certificate(*longer, 2)).tip_changed);
    EXPECT_EQ(chain->tip().id, longer->tip().id);
}

TEST_F(FinalityOf, F7NoBranchIsFollowedThatLeavesTheFinalBlock) {
    const auto longer = grown("longer", 1, 5);
    auto chain = grown("c", 2, 1);
    finalise_tip(*chain);
    const BlockId tip = chain->tip().id;
    give_all(*chain, *longer);
    EXPECT_EQ(chain->tip().id, tip);
    EXPECT_TRUE(chain->conflict().empty()) << "work alone is no contradiction";
    chain.reset();
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->tip().id, tip);
}

// Where the justified block breaks a rule of the state, which no vote can know before its body is
// connected, only the final block still holds.
TEST_F(FinalityOf, F7HoldsAlsoWhereTheJustifiedBlockTurnsOutInvalid) {
    const auto longer = grown("longer", 1, 5);
    auto chain = grown("c", 2, 1);
    finalise_tip(*chain);
    std::uint32_t now = kGenesisTime + 21;
    BlockTemplate bad = chain->make_template(3, at(now)).value();
    founders.extend(*chain, now);
    const BlockId tip = chain->tip().id;
    ASSERT_EQ(chain->tip().height, 3U);

    bad.txs.push_back(tx_of_block_1(*chain));  // once more
    auto coinbase = decode_coinbase(bad.txs[0]).value();
    crypto::CompactRange log;
    for (int i = 0; i < 2; ++i) log.append(crypto::leaf_hash(bad.txs[1]));
    coinbase.n_tx = 2;
    coinbase.log_size = log.size();
    coinbase.log_root = log.root();
    bad.txs[0] = encode_coinbase(coinbase);
    bad.header.merkle_root = bitcoin_merkle_root({tx_id(bad.txs[0]), tx_id(bad.txs[1])});
    Bytes block;
    do {  // one that does not become the tip by its smaller id
        ++bad.header.time;
        block = test::mine(bad, founders.members[3]);
    } while (decode_block(block)->sealed.id() < tip);
    ASSERT_EQ(chain->accept_block(block, at(kGenesisTime + 900)).verdict, BlockVerdict::kValid);
    const BlockId bad_id = decode_block(block)->sealed.id();
    ASSERT_EQ(chain->accept_certificate(founders.certificate_for(*chain, bad_id, 3)).verdict,
              Verdict::kNew);
    EXPECT_EQ(chain->tip().id, tip) << "tried, and back again";
    EXPECT_FALSE(chain->has_block(bad_id));
    give_all(*chain, *longer);
    EXPECT_EQ(chain->tip().id, tip);
}

TEST_F(FinalityOf, F8AContradictingCertificateStopsThisMember) {
    const auto other = grown("other", 1, 3);
    auto chain = grown("c", 2, 1);
    finalise_tip(*chain);
    const BlockId tip = chain->tip().id;
    const ChainPoint final_block = chain->final_block();
    give_all(*chain, *other);
    ASSERT_TRUE(chain->conflict().empty());
    ASSERT_TRUE(chain->accept_transaction(tx(9)));
    const std::uint32_t now = kGenesisTime + 21;
    const auto minable = [&](const Chain& of) {
        bool any = false;
        for (Slot slot = 0; slot < 4; ++slot) any |= of.make_template(slot, at(now)).has_value();
        return any;
    };
    EXPECT_TRUE(minable(*chain));
    (void)chain->accept_certificate(certificate(*other, 3));
    EXPECT_NE(chain->conflict().find("contradicts our final block"), std::string::npos);
    EXPECT_FALSE(minable(*chain));
    EXPECT_EQ(chain->tip().id, tip) << "it keeps serving what it had";
    EXPECT_EQ(chain->final_block(), final_block);
    chain.reset();
    chain = founders.open(dir / "c");
    EXPECT_FALSE(chain->conflict().empty()) << "until an operator decides";
    EXPECT_FALSE(minable(*chain));
}

TEST_F(FinalityOf, ALowerJustifiedBlockElsewhereIsNoContradiction) {
    const auto other = grown("other", 1, 3);
    auto chain = grown("c", 2, 2);
    finalise_tip(*chain);
    give_all(*chain, *other);
    (void)chain->accept_certificate(certificate(*other, 1));
    EXPECT_TRUE(chain->conflict().empty());
}

// Files of blocks only grow, and hash power to make blocks at the start of the chain is cheap.
TEST_F(FinalityOf, TakesNoMoreThanAShareOfBlocksThatLeaveTheFinalOne) {
    auto chain = grown("c", 2, 2);
    finalise_tip(*chain);
    const auto fresh = founders.open(dir / "fresh");
    ASSERT_TRUE(fresh->accept_transaction(tx(2)));
    for (std::uint32_t i = 0; i < kSideBlocksOfSlotMax + 3; ++i) {
        auto made = fresh->make_template(1, at(kGenesisTime + 100 + i));
        const Bytes block = test::mine(*std::move(made), founders.members[1]);
        const auto verdict = chain->accept_block(block, at(kGenesisTime + 900)).verdict;
        EXPECT_EQ(verdict, i < kSideBlocksOfSlotMax ? BlockVerdict::kValid : BlockVerdict::kNotKept)
            << i;
    }
}

// A member that seals siblings without end fills its own share of the disk and no more.
TEST_F(FinalityOf, KeepsABoundedNumberOfSideBlocksOfAMember) {
    auto chain = grown("c", 1, 1);
    const auto fresh = founders.open(dir / "fresh");
    ASSERT_TRUE(fresh->accept_transaction(tx(2)));
    const auto sibling_of = [&](std::uint32_t time) {
        return test::mine(fresh->make_template(1, at(time)).value(), founders.members[1]);
    };
    std::vector<BlockId> ids;
    for (std::uint32_t i = 0; i < kSideBlocksOfSlotMax + 3; ++i) {
        const Bytes bytes = sibling_of(kGenesisTime + 100 + i);
        ids.push_back(decode_block(bytes)->sealed.id());
        EXPECT_EQ(chain->accept_block(bytes, at(kGenesisTime + 900)).verdict,
                  BlockVerdict::kValid);
        EXPECT_TRUE(chain->has_block(ids.back())) << "the newest is always taken";
    }
    const auto kept = std::ranges::count_if(ids, [&](const BlockId& id) {
        return chain->has_block(id);
    });
    EXPECT_LE(static_cast<std::size_t>(kept), kSideBlocksOfSlotMax + 1);
    const auto gone = std::ranges::find_if(ids, [&](const BlockId& id) {
        return !chain->has_block(id);
    });
    ASSERT_NE(gone, ids.end());
    // What had to go is as good as new when it comes again.
    const auto index = static_cast<std::uint32_t>(gone - ids.begin());
    EXPECT_EQ(chain->accept_block(sibling_of(kGenesisTime + 100 + index), at(kGenesisTime + 900))
                  .verdict,
              BlockVerdict::kValid);
    chain.reset();
    chain = founders.open(dir / "c");
    EXPECT_EQ(chain->tip().height, 1U);
}

}  // namespace
}  // namespace assay::ledger
