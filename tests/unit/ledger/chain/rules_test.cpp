// Every numbered rule of docs/ledger-rules.md broken alone, in a block that keeps all the others.

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

// A good block with one transaction for block 1 of a fresh ledger, taken apart to be spoiled.
class BrokenRule : public testing::Test {
  protected:
    void SetUp() override { start(); }

    void start() {
        chain = founders.open(dir / std::to_string(++opened));
        tx = test::make_policy_tx(founders.chain_id, founders.members[0]);
        ASSERT_TRUE(chain->accept_transaction(tx));
        block = chain->make_template(0, at(now)).value();
        coinbase = decode_coinbase(block.txs[0]).value();
    }

    // Puts the coinbase and the Merkle root right, as the miner of a bad block would.
    void commit() {
        crypto::CompactRange log;
        for (std::size_t i = 1; i < block.txs.size(); ++i)
            log.append(crypto::leaf_hash(block.txs[i]));
        coinbase.n_tx = static_cast<std::uint32_t>(block.txs.size());
        coinbase.log_size = log.size();
        coinbase.log_root = log.root();
        commit_coinbase();
    }
    void commit_coinbase() {
        block.txs[0] = encode_coinbase(coinbase);
        commit_root();
    }
    void commit_root() {
        std::vector<TxId> ids;
        for (const Bytes& each : block.txs) ids.push_back(tx_id(each));
        block.header.merkle_root = bitcoin_merkle_root(ids);
    }
    BlockVerdict verdict() { return verdict_of(test::mine(block, founders.members[0])); }
    BlockVerdict verdict_of(const Bytes& bytes) {
        const auto outcome = chain->accept_block(bytes, at(now));
        EXPECT_EQ(outcome.tip_changed, outcome.verdict == BlockVerdict::kValid);
        return outcome.verdict;
    }
    BlockVerdict verdict_with(const Bytes& transaction) {
        block.txs.back() = transaction;
        commit();
        return verdict();
    }

    test::TempDir dir;
    Founders founders{4};
    std::uint32_t now = kGenesisTime + 100;
    int opened = 0;
    std::unique_ptr<Chain> chain;
    Bytes tx;
    BlockTemplate block;
    Coinbase coinbase;
};

TEST_F(BrokenRule, NoneIsBrokenByTheUnspoiledBlock) {
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kValid);
    EXPECT_EQ(verdict(), BlockVerdict::kDuplicate);
}

TEST_F(BrokenRule, Orphan) {
    block.header.previous.bytes[0] ^= std::byte{1};
    EXPECT_EQ(verdict(), BlockVerdict::kOrphan);
}

TEST_F(BrokenRule, H1Version) {
    block.header.version = 0x40000000;
    EXPECT_EQ(verdict(), BlockVerdict::kBadVersion);
}

TEST_F(BrokenRule, H2SlotOfNoNode) {
    block.header.version = kVersionTop | 77;
    EXPECT_EQ(verdict(), BlockVerdict::kSlotNotNode);
    founders.genesis.members[0].roles = static_cast<std::uint32_t>(Role::kOem);
    founders.genesis.members[1].state = MemberState::kLeft;
    founders.seal_genesis();
    chain = founders.open(dir / "2");
    EXPECT_FALSE(chain->make_template(0, at(now)));
    block.header.previous = chain->tip().id;
    for (const std::uint32_t slot : {0U, 1U}) {
        block.header.version = kVersionTop | slot;
        EXPECT_EQ(verdict(), BlockVerdict::kSlotNotNode) << slot;
    }
}

TEST_F(BrokenRule, H3Bits) {
    block.header.bits = 0x207ffffe;
    EXPECT_EQ(verdict(), BlockVerdict::kWrongBits);
}

TEST_F(BrokenRule, H4TimeNotAfterTheParents) {
    block.header.time = kGenesisTime;
    EXPECT_EQ(verdict(), BlockVerdict::kTimeTooOld);
    block.header.time = kGenesisTime + 1;
    EXPECT_EQ(verdict(), BlockVerdict::kValid);
}

TEST_F(BrokenRule, H5TooEarlyPassesWithTime) {
    block.header.time = now + 31;  // 2T = 30
    EXPECT_EQ(verdict(), BlockVerdict::kTooEarly);
    ++now;
    EXPECT_EQ(verdict(), BlockVerdict::kValid) << "nothing is held against the block";
}

TEST_F(BrokenRule, H6ProofOfWork) {
    const auto target = *expand_target(block.header.bits);
    while (meets_target(block.header.id(), target)) ++block.header.nonce;
    EXPECT_EQ(verdict_of(seal_block(block, founders.members[0].seal).value()),
              BlockVerdict::kTargetNotMet);
}

TEST_F(BrokenRule, H7SealIsAMutation) {
    test::grind(block.header);
    EXPECT_EQ(verdict_of(seal_block(block, founders.members[1].seal).value()),
              BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(seal_block(block, founders.members[0].tx).value()),
              BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(seal_block(block, founders.members[0].seal).value()), BlockVerdict::kValid)
        << "another copy with a bad seal must not bar the block";
}

TEST_F(BrokenRule, H8DiversityWindow) {
    ASSERT_EQ(verdict(), BlockVerdict::kValid);
    for (const Slot next : {Slot{1}, Slot{2}}) {  // s = 3: slot 0 may come again after two others
        ++now;
        EXPECT_FALSE(chain->make_template(0, at(now)));
        auto empty = chain->make_template(next, at(now)).value();
        auto barred = empty;
        barred.header.version = kVersionTop | 0;
        EXPECT_EQ(verdict_of(test::mine(barred, founders.members[0])), BlockVerdict::kSlotBarred);
        EXPECT_EQ(verdict_of(test::mine(empty, founders.members[next])), BlockVerdict::kValid);
    }
    EXPECT_TRUE(chain->make_template(0, at(now + 1)));
}

TEST_F(BrokenRule, H9InvalidAncestor) {
    TxBody unknown;
    unknown.type = static_cast<TxType>(2);
    unknown.chain_id = founders.chain_id;
    unknown.valid_until = 50;
    const Bytes body{std::byte{0}};
    unknown.body = body;
    const Bytes bad = test::sign(unknown, founders.members[0], "x", founders.members[0].tx);
    EXPECT_EQ(verdict_with(bad), BlockVerdict::kTransactionRefused);
    EXPECT_EQ(verdict(), BlockVerdict::kTransactionRefused) << "known by its id from now on";

    test::grind(block.header);
    block.header.previous = block.header.id();
    block.header.time += 1;
    block.header.version = kVersionTop | 1;
    EXPECT_EQ(verdict_of(test::mine(block, founders.members[1])), BlockVerdict::kInvalidAncestor);
}

TEST_F(BrokenRule, B1Malformed) {
    Bytes bytes = test::mine(block, founders.members[0]);
    bytes.pop_back();
    EXPECT_EQ(verdict_of(bytes), BlockVerdict::kMalformed);
    EXPECT_EQ(verdict_of({}), BlockVerdict::kMalformed);
}

TEST_F(BrokenRule, B2BodyOfAnotherHeaderIsAMutation) {
    const Bytes good = test::mine(block, founders.members[0]);
    const auto decoded = decode_block(good).value();
    const auto with_body = [&](std::vector<Bytes> txs) {
        return encode_block(decoded.sealed, txs);
    };
    EXPECT_EQ(verdict_of(with_body({})), BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(with_body({block.txs[0]})), BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(with_body({block.txs[1], block.txs[0]})), BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(good), BlockVerdict::kValid);
}

// CVE-2012-2459: three transactions and the same with the last one twice have one Merkle root.
TEST_F(BrokenRule, B2DuplicatedTailIsAMutation) {
    const Bytes second =
        test::make_policy_tx(founders.chain_id, founders.members[1], {1, 2, 1'000});
    block.txs.push_back(second);
    commit();
    const Bytes good = test::mine(block, founders.members[0]);
    auto longer = block.txs;
    longer.push_back(second);
    EXPECT_EQ(verdict_of(encode_block(decode_block(good)->sealed, longer)), BlockVerdict::kMutated);
    EXPECT_EQ(verdict_of(good), BlockVerdict::kValid);
}

TEST_F(BrokenRule, B3B4B16Limits) {
    founders.genesis.params.block_txs_max = 2;
    founders.genesis.params.block_bytes_max = 1'024;
    founders.genesis.params.tx_bytes_max = static_cast<std::uint32_t>(tx.size()) + 2;
    founders.seal_genesis();
    start();
    const auto& members = founders.members;
    block.txs.push_back(test::make_policy_tx(founders.chain_id, members[1], {1, 2, 1'000}));
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kTooManyTransactions);
    block.txs.pop_back();
    EXPECT_EQ(verdict_with(Bytes(founders.genesis.params.tx_bytes_max + 1)),
              BlockVerdict::kTransactionTooLarge);
    EXPECT_EQ(verdict_with(Bytes(1'000)), BlockVerdict::kTooLarge);
    EXPECT_EQ(verdict_with(tx), BlockVerdict::kValid);
}

TEST_F(BrokenRule, B5CoinbaseMalformed) {
    block.txs[0].push_back(std::byte{0});
    commit_root();
    EXPECT_EQ(verdict(), BlockVerdict::kCoinbaseMalformed);
    block.txs[0] = tx;
    block.txs[1] = encode_coinbase(coinbase);
    commit_root();
    EXPECT_EQ(verdict(), BlockVerdict::kCoinbaseMalformed);
}

TEST_F(BrokenRule, B6ToB13CoinbaseFields) {
    const auto with = [this](auto&& spoil) {
        const Coinbase good = coinbase;
        spoil(coinbase);
        commit_coinbase();
        coinbase = good;
        return verdict();
    };
    EXPECT_EQ(with([](auto& c) { c.height = 2; }), BlockVerdict::kCoinbaseHeight);
    EXPECT_EQ(with([](auto& c) { c.slot = 1; }), BlockVerdict::kCoinbaseSlot);
    EXPECT_EQ(with([](auto& c) { c.registry_epoch = 1; }), BlockVerdict::kCoinbaseEpoch);
    EXPECT_EQ(with([](auto& c) { c.chain_id = ChainId{}; }), BlockVerdict::kCoinbaseChainId);
    EXPECT_EQ(with([](auto& c) { c.log_size = 2; }), BlockVerdict::kCoinbaseLogSize);
    EXPECT_EQ(with([](auto& c) { c.log_root = LogHash{}; }), BlockVerdict::kCoinbaseLogRoot);
    EXPECT_EQ(with([](auto& c) { c.registry_root = {}; }), BlockVerdict::kCoinbaseRegistryRoot);
    EXPECT_EQ(with([](auto& c) { c.ext = Bytes(3); }), BlockVerdict::kCoinbaseExtension);
    EXPECT_EQ(with([](auto& c) { c.n_tx = 3; }), BlockVerdict::kMutated);
    EXPECT_EQ(with([](auto& c) { c.extranonce = 3; }), BlockVerdict::kValid) << "the miner's own";
}

TEST_F(BrokenRule, B14DuplicateTransaction) {
    block.txs.push_back(tx);
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kDuplicateTransaction);
}

TEST_F(BrokenRule, B15EmptyBlockOfAnIdleChain) {
    block.txs.pop_back();
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kEmptyNotAllowed);
    now = kGenesisTime + 3'599;
    block.header.time = now;
    EXPECT_EQ(verdict(), BlockVerdict::kEmptyNotAllowed);
    block.header.time = ++now;
    EXPECT_EQ(verdict(), BlockVerdict::kValid) << "the heartbeat";
}

// Blocks 1 and 2 stand, block 1 is justified; block 3 is to carry the certificate for block 2.
class BrokenCertificate : public BrokenRule {
  protected:
    void SetUp() override {
        BrokenRule::SetUp();
        for (int i = 0; i < 2; ++i, ++now) {
            ASSERT_FALSE(founders.extend_and_vote(*chain, now).empty());
        }
        block = chain->make_template(2, at(now)).value();
        coinbase = decode_coinbase(block.txs[0]).value();
        certificate = decode_extension(coinbase.ext).value().value();
        ASSERT_EQ(certificate.link.source.height, 1U);
        ASSERT_EQ(certificate.link.target.height, 2U);
    }
    BlockVerdict verdict_with(const Certificate& carried) {
        coinbase.ext = encode_extension(carried);
        commit_coinbase();
        return verdict_of(test::mine(block, founders.members[2]));
    }
    // The certificate that all members' votes for such a link make.
    Certificate voted(const VoteLink& link, std::size_t voters = 4) {
        Certificate made;
        made.link = link;
        for (std::size_t i = 0; i < voters; ++i) {
            const auto& member = founders.members[i];
            const Vote vote =
                sign_vote({0, member.entry.slot, link, {}}, founders.chain_id, member.vote).value();
            made.votes.push_back({vote.slot, vote.signature});
        }
        return made;
    }
    ChainPoint point(BlockHeight height) { return {height, *chain->id_at(height)}; }

    Certificate certificate;
};

TEST_F(BrokenCertificate, NoneIsBrokenByTheUnspoiledOne) {
    EXPECT_EQ(verdict_with(certificate), BlockVerdict::kValid);
}

TEST_F(BrokenCertificate, F1TargetIsNoAncestor) {
    EXPECT_EQ(verdict_with(voted({point(1), {3, point(2).id}})), BlockVerdict::kCertificateTarget);
    VoteLink elsewhere{point(1), point(2)};
    elsewhere.target.id.bytes[0] ^= std::byte{1};
    EXPECT_EQ(verdict_with(voted(elsewhere)), BlockVerdict::kCertificateTarget);
    elsewhere.target.height = 3;
    EXPECT_EQ(verdict_with(voted(elsewhere)), BlockVerdict::kCertificateTarget);
}

TEST_F(BrokenCertificate, F2TargetIsJustifiedAlready) {
    EXPECT_EQ(verdict_with(voted({point(0), point(1)})), BlockVerdict::kCertificateNotNewer);
}

TEST_F(BrokenCertificate, F3SourceIsNotWhatTheTargetHadJustified) {
    EXPECT_EQ(verdict_with(voted({point(0), point(2)})), BlockVerdict::kCertificateSource);
    EXPECT_EQ(verdict_with(voted({{1, point(2).id}, point(2)})), BlockVerdict::kCertificateSource);
}

TEST_F(BrokenCertificate, F4NoQuorumOfNodes) {
    EXPECT_EQ(verdict_with(voted(certificate.link, 2)), BlockVerdict::kCertificateQuorum);
    Certificate stranger = voted(certificate.link, 3);
    stranger.votes.back().slot = 77;
    EXPECT_EQ(verdict_with(stranger), BlockVerdict::kCertificateQuorum);
    EXPECT_EQ(verdict_with(voted(certificate.link, 3)), BlockVerdict::kValid);
}

TEST_F(BrokenCertificate, F5Signature) {
    Certificate bad = certificate;
    bad.votes.back().signature[5] ^= std::byte{1};
    EXPECT_EQ(verdict_with(bad), BlockVerdict::kCertificateSignature);
    std::swap(bad.votes[0].signature, bad.votes[1].signature);
    EXPECT_EQ(verdict_with(bad), BlockVerdict::kCertificateSignature);
}

TEST_F(BrokenRule, T1Malformed) {
    EXPECT_EQ(verdict_with(Bytes(100)), BlockVerdict::kTransactionMalformed);
}

TEST_F(BrokenRule, T2ChainId) {
    EXPECT_EQ(verdict_with(test::make_policy_tx(ChainId{}, founders.members[0])),
              BlockVerdict::kTransactionChainId);
}

TEST_F(BrokenRule, T3ValidUntil) {
    const auto until = [this](BlockHeight height) {
        return verdict_with(
            test::make_policy_tx(founders.chain_id, founders.members[0], {1, 1, height}));
    };
    EXPECT_EQ(until(0), BlockVerdict::kTransactionExpired);
    EXPECT_EQ(until(1), BlockVerdict::kTransactionExpired);
    EXPECT_EQ(until(20'162), BlockVerdict::kTransactionExpired);
    EXPECT_EQ(until(20'161), BlockVerdict::kValid);
}

TEST_F(BrokenRule, T4Issuer) {
    TxBody body;
    body.chain_id = founders.chain_id;
    body.valid_until = 50;
    const Bytes nothing{std::byte{0}};
    body.body = nothing;
    body.slot = 77;
    EXPECT_EQ(verdict_with(test::sign(body, founders.members[0], "x", founders.members[0].tx)),
              BlockVerdict::kTransactionIssuer);
    body.slot = 1;  // but issued under the name of slot 0
    EXPECT_EQ(verdict_with(test::sign(body, founders.members[0], "x", founders.members[0].tx)),
              BlockVerdict::kTransactionIssuer);
}

TEST_F(BrokenRule, T5NotNewOnThisChain) {
    ASSERT_EQ(verdict(), BlockVerdict::kValid);
    now += 1;
    block = chain->make_template(1, at(now)).value();
    coinbase = decode_coinbase(block.txs[0]).value();
    block.txs.push_back(tx);
    crypto::CompactRange log;
    log.append(crypto::leaf_hash(tx));
    log.append(crypto::leaf_hash(tx));
    coinbase.n_tx = 2;
    coinbase.log_size = log.size();
    coinbase.log_root = log.root();
    commit_coinbase();
    EXPECT_EQ(verdict_of(test::mine(block, founders.members[1])), BlockVerdict::kTransactionNotNew);
}

TEST_F(BrokenRule, T6RuleSetOnTheStateBetweenTransactions) {
    const auto& oem = founders.members[0];
    const Bytes v2 = test::make_policy_tx(founders.chain_id, oem, {2, 1, 1'000});
    block.txs = {block.txs[0], v2, tx};  // version 1 after version 2
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kTransactionRefused);
    block.txs = {block.txs[0], tx, v2};
    commit();
    EXPECT_EQ(verdict(), BlockVerdict::kValid);
}

TEST(CheckHeaderAlone, SeesVersionTargetAndWorkOnly) {
    ChainParams params;
    params.pow_limit = 0x207fffff;
    BlockHeader header;
    header.bits = params.pow_limit;
    test::grind(header);
    EXPECT_EQ(check_header_alone(header, header.id(), params), BlockVerdict::kValid);
    const auto target = *expand_target(header.bits);
    while (meets_target(header.id(), target)) ++header.nonce;
    EXPECT_EQ(check_header_alone(header, header.id(), params), BlockVerdict::kTargetNotMet);
    params.pow_limit = 0x1d00ffff;
    EXPECT_EQ(check_header_alone(header, header.id(), params), BlockVerdict::kWrongBits);
    header.version = 1;
    EXPECT_EQ(check_header_alone(header, header.id(), params), BlockVerdict::kBadVersion);
}

TEST(BlockVerdict, TellsBadHeadersFromBadCopies) {
    for (const auto verdict :
         {BlockVerdict::kValid, BlockVerdict::kDuplicate, BlockVerdict::kOrphan,
          BlockVerdict::kTooEarly, BlockVerdict::kMalformed, BlockVerdict::kMutated,
          BlockVerdict::kStorageFailed}) {
        EXPECT_FALSE(is_invalid(verdict)) << to_string(verdict);
    }
    EXPECT_TRUE(is_invalid(BlockVerdict::kBadVersion));
    EXPECT_TRUE(is_invalid(BlockVerdict::kTransactionRefused));
    EXPECT_EQ(refusal_of(BlockVerdict::kTransactionExpired), Refusal::kTransactionExpired);
    EXPECT_EQ(refusal_of(BlockVerdict::kWrongBits), Refusal::kBlockInvalid);
}

}  // namespace
}  // namespace assay::ledger
