// What members sign, and what they keep from signing, when disks fail, come back old, or fill up.

#include <gtest/gtest.h>

#include "ledger/core/evidence.hpp"
#include "ledger/core/governance_state.hpp"
#include "tests/unit/ledger/node/members_fixture.hpp"

namespace assay::ledger {
namespace {

// A member replaces a key that only its successor will use.
Bytes rotation_of(const Founders& founders, std::size_t member, KeyPurpose purpose) {
    RegistryChange change;
    change.kind = ChangeKind::kRotateKey;
    change.slot = founders.members[member].entry.slot;
    change.purpose = purpose;
    EXPECT_TRUE(sign_rotation(change, founders.chain_id, test::new_key()));
    const Bytes encoded = encode_change(change);
    TxBody body;
    body.type = TxType::kRotateKey;
    body.chain_id = founders.chain_id;
    body.slot = change.slot;
    body.valid_until = 1'000;
    body.body = encoded;
    return test::sign(body, founders.members[member], rotation_subject(change),
                      founders.members[member].root);
}

// Ledger and record were restored together: they agree, and lack what was voted since.
TEST(MemberDuties, ARestoredSnapshotHearsAQuorumBeforeItVotes) {
    Members members(4);
    members.greet();
    members.submit(1);
    members.mine();
    members.duties[0].reset();
    members.chains[0].reset();
    const auto snapshot = members.dir / "snapshot";
    std::filesystem::copy(members.folder(0), snapshot, std::filesystem::copy_options::recursive);
    members.chains[0] = members.founders.open(members.folder(0) / "chain");
    members.open(0);
    for (std::size_t k = 1; k < 4; ++k) {
        (void)members.duties[0]->on_greeted(members.slot(k), at(members.now));
    }
    members.now += 2;
    members.tick();
    const auto before = members.chains[0]->tip().height;
    members.mine();  // it votes for this one
    EXPECT_EQ(members.duties[0]->status().last_vote, before + 1);

    members.duties[0].reset();
    members.chains[0].reset();
    std::filesystem::remove_all(members.folder(0));
    std::filesystem::copy(snapshot, members.folder(0), std::filesystem::copy_options::recursive);
    members.chains[0] = members.founders.open(members.folder(0) / "chain");
    members.open(0);
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOn) << "nothing is missing here";
    members.silent[1] = members.silent[2] = members.silent[3] = true;  // before they are heard
    members.votes_said = 0;
    const Bytes block = members.chains[1]->block(members.chains[1]->tip().id).value();
    ASSERT_EQ(members.chains[0]->accept_block(block, at(members.now)).verdict,
              BlockVerdict::kValid);
    members.deliver(0, 0, members.duties[0]->on_chain(at(members.now)));
    members.now += 60;
    members.deliver(0, 0, members.duties[0]->on_tick(at(members.now)));
    EXPECT_EQ(members.votes_said, 0);
    EXPECT_NE(members.duties[0]->status().why_not, "");

    members.silent[1] = members.silent[2] = members.silent[3] = false;
    for (std::size_t k = 1; k < 4; ++k) {
        (void)members.duties[0]->on_greeted(members.slot(k), at(members.now));
        members.deliver(k, 0, members.duties[k]->on_greeted(0, at(members.now)));
    }
    members.now += 2;
    members.tick();
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOff);
}

TEST(MemberDuties, SignNothingWhileTheirRecordsCannotBeWritten) {
    Members members(1);
    members.greet();
    members.chains[0]
        ->accept_transaction(rotation_of(members.founders, 0, KeyPurpose::kLog))
        .value();
    members.writes_left = 0;
    members.mine();
    members.mine();
    members.now += 5;
    members.tick();
    EXPECT_EQ(members.votes_said, 0);
    EXPECT_NE(members.duties[0]->status().last_error.find("safety.votes"), std::string::npos);
    EXPECT_TRUE(members.cosigned[0].empty());
    EXPECT_EQ(members.epochs_signed, 0);
    members.writes_left = Members::kManyWrites;
    members.tick();
    EXPECT_EQ(members.votes_said, 1);
}

TEST(MemberDuties, SignNoEpochThatTheyCannotWriteDown) {
    Members members(1);
    members.greet();
    members.chains[0]
        ->accept_transaction(rotation_of(members.founders, 0, KeyPurpose::kLog))
        .value();
    members.mine();
    ASSERT_EQ(members.epochs_signed, 0);
    members.writes_left = 2;  // the vote that makes the change final, and the cosignature of that
    members.mine();
    EXPECT_EQ(members.writes_left, 0);
    EXPECT_EQ(members.chains[0]->final_block().height, 1U);
    EXPECT_EQ(members.epochs_signed, 0);
    EXPECT_EQ(members.chains[0]->mempool_size(), 0U) << "no transaction for an epoch";
    EXPECT_NE(members.duties[0]->status().last_error.find("safety.votes"), std::string::npos);
    members.writes_left = Members::kManyWrites;
    members.now += 5;
    members.tick();
    EXPECT_GE(members.epochs_signed, 1);
    EXPECT_EQ(members.chains[0]->mempool_size(), 1U);
}

// Were epoch 2 signed while another branch may still win over epoch 1, quorums need not meet.
TEST(MemberDuties, SignAnEpochOnlyWhenTheOneBeforeIsFinal) {
    Members members(1);
    members.greet();
    for (const KeyPurpose purpose : {KeyPurpose::kLog, KeyPurpose::kCosign}) {
        members.chains[0]->accept_transaction(rotation_of(members.founders, 0, purpose)).value();
    }
    members.mine();
    EXPECT_EQ(members.epochs_signed, 0) << "the changes are not final";
    members.mine();
    EXPECT_EQ(members.epochs_signed, 1) << "both are; the first is due";
    members.mine();  // with the transaction of epoch 1
    ASSERT_EQ(members.chains[0]->epoch().number(), 1U);
    ASSERT_TRUE(due_epoch(members.chains[0]->state()));
    EXPECT_EQ(members.epochs_signed, 1) << "epoch 1 is on the chain, but not final";
    EXPECT_EQ(members.chains[0]->mempool_size(), 0U);
    members.mine();
    EXPECT_EQ(members.epochs_signed, 2);
    members.mine();
    EXPECT_EQ(members.chains[0]->epoch().number(), 2U);
}

// A mempool that is full of other things only delays the evidence.
TEST(MemberDuties, AccuseAgainUntilTheLedgerHasIt) {
    Members members(4);
    members.greet();
    for (std::uint64_t version = 1; version <= 256;
         ++version) {  // all that one slot may have there
        const Bytes tx =
            test::make_policy_tx(members.founders.chain_id, members.founders.members[0], {version});
        ASSERT_TRUE(members.chains[0]->accept_transaction(tx));
    }
    const auto cast = [&](unsigned char branch) {
        Vote vote;
        vote.slot = 3;
        vote.link = {members.chains[0]->final_block(), members.chains[0]->final_block()};
        vote.link.target.height += 1;
        vote.link.target.id.bytes.fill(std::byte{branch});
        return sign_vote(vote, members.founders.chain_id, members.founders.members[3].vote).value();
    };
    (void)members.duties[0]->on_vote(3, cast(1), at(members.now));
    EXPECT_FALSE(members.duties[0]->on_vote(3, cast(2), at(members.now)).transaction_added);
    EXPECT_NE(members.duties[0]->status().last_error.find("mempool"), std::string::npos);
    EXPECT_FALSE(members.duties[0]->on_tick(at(members.now + 5)).transaction_added);
    for (int i = 0; i < 2; ++i) members.mine();
    ASSERT_LT(members.chains[0]->mempool_size(), 256U);
    members.now += 10;
    EXPECT_TRUE(members.duties[0]->on_tick(at(members.now)).transaction_added);
    members.now += 5;
    EXPECT_FALSE(members.duties[0]->on_tick(at(members.now)).transaction_added) << "it waits";
    for (int i = 0; i < 2 && all_evidence(members.chains[0]->state()).empty(); ++i) members.mine();
    EXPECT_EQ(all_evidence(members.chains[0]->state()).size(), 1U);
}

}  // namespace
}  // namespace assay::ledger
