// Rules M1 to M15, each broken alone.

#include "ledger/core/governance.hpp"

#include <gtest/gtest.h>

#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;
using test::ConsortiumMember;

RegistryChange about(ChangeKind kind, Slot slot) {
    RegistryChange change;
    change.kind = kind;
    change.slot = slot;
    return change;
}

RegistryChange rotation(Slot slot, KeyPurpose purpose, const std::string& key) {
    RegistryChange change = about(ChangeKind::kRotateKey, slot);
    change.purpose = purpose;
    EXPECT_TRUE(sign_rotation(change, TestConsortium().chain_id, test::key_named(key)));
    return change;
}

// oem, supplier, gateway-1 and gateway-2 are nodes: a quorum is three.
class GovernanceTest : public testing::Test {
  protected:
    GovernanceTest() { found_governance(consortium_.genesis(), consortium_.chain_id, state_); }

    std::string offer(const Bytes& bytes) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = load_registry(state_);
        const TxContext context{height_, *registry, consortium_.chain_id, final_size_};
        const auto checked = consortium_rules().check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        consortium_rules().apply(tx, index_++, state_);
        return "accepted";
    }

    [[nodiscard]] Bytes root_signed(TxType type, ByteView body, const std::string& subject,
                                    Slot slot) const {
        return consortium_.sign(type, body, subject, slot, {&consortium_.members[slot].root});
    }
    [[nodiscard]] Bytes propose(const RegistryChange& change, Slot by = 0,
                                BlockHeight expires = 100) const {
        const Proposal proposal{change, expires};
        return root_signed(TxType::kPropose, encode_proposal(proposal), subject_of(proposal), by);
    }
    [[nodiscard]] Bytes approve(const Bytes& proposal, Slot by) const {
        const auto leaf = crypto::leaf_hash(proposal);
        return root_signed(TxType::kApprove, encode_approval(leaf), approval_subject(leaf), by);
    }
    [[nodiscard]] Bytes rotate(const RegistryChange& change) const {
        return root_signed(TxType::kRotateKey, encode_change(change), rotation_subject(change),
                           change.slot);
    }
    [[nodiscard]] Bytes revoke(const crypto::PublicKey& key, Slot by,
                               std::optional<std::uint64_t> since = {}) const {
        const KeyRevocation revocation{crypto::key_id(key), since};
        return root_signed(TxType::kRevokeKey, encode_revocation(revocation),
                           subject_of(revocation), by);
    }
    [[nodiscard]] RegistryChange add(const ConsortiumMember& member) const {
        RegistryChange change = about(ChangeKind::kAddMember, 0);
        change.card = make_member_card(member.member, member.root).value();
        return change;
    }
    void decide(const RegistryChange& change) {
        const Bytes proposal = propose(change);
        ASSERT_EQ(offer(proposal), "accepted");
        ASSERT_EQ(offer(approve(proposal, 1)), "accepted");
        ASSERT_EQ(offer(approve(proposal, 2)), "accepted");
    }
    [[nodiscard]] EpochTransition due(std::vector<Slot> signers = {0, 1, 2}) const {
        EpochTransition next;
        if (const auto epoch = due_epoch(state_)) next.record = epoch->record;
        for (const Slot slot : signers) {
            next.signatures.push_back(
                {slot, sign_epoch(next.record, consortium_.members[slot].cosign).value()});
        }
        return next;
    }
    [[nodiscard]] Bytes begin(const EpochTransition& next, Slot by = 0) const {
        return consortium_.sign(TxType::kEpoch, encode_epoch_transition(next), subject_of(next), by,
                                {&consortium_.members[by].tx});
    }

    TestConsortium consortium_;
    ConsortiumMember newcomer_{0, "newcomer", 1 | 4};
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    LogIndex index_ = 10;
    BlockHeight height_ = 5;
    std::uint64_t final_size_ = 4;
};

TEST_F(GovernanceTest, AMemberJoinsWithTheEpochThatAQuorumSigns) {
    decide(add(newcomer_));
    EXPECT_EQ(load_registry(state_)->members().size(), 4U);
    ASSERT_EQ(pending_changes(state_).size(), 1U);
    EXPECT_EQ(pending_changes(state_)[0].change.slot, 4);
    ASSERT_EQ(offer(begin(due())), "accepted");
    const auto registry = load_registry(state_);
    ASSERT_TRUE(registry->find_node(4));
    EXPECT_EQ(registry->find_node(4)->name, "newcomer");
    EXPECT_EQ(current_epoch(state_)->epoch, 1U);
    EXPECT_EQ(current_epoch(state_)->members.size(), 5U);
    EXPECT_TRUE(pending_changes(state_).empty());
    ASSERT_TRUE(epoch_entry(state_, 1));
    EXPECT_EQ(decode_epoch_transition(epoch_entry(state_, 1)->transition)->record,
              *current_epoch(state_));
    EXPECT_FALSE(epoch_entry(state_, 2));
}

TEST_F(GovernanceTest, WhoIsNoNodeJoinsAtOnce) {
    newcomer_.member.roles = 2;
    decide(add(newcomer_));
    EXPECT_TRUE(pending_changes(state_).empty());
    ASSERT_TRUE(load_registry(state_)->find(4));
    EXPECT_EQ(current_epoch(state_)->epoch, 0U);
}

// A node now and in the end, but not in between: what it is then must not change without an epoch.
TEST_F(GovernanceTest, AChangeWaitsIfItTouchesANodeAtAnyTimeAmongThoseThatWait) {
    RegistryChange leave = about(ChangeKind::kSetRoles, 3);
    leave.roles = 8;
    RegistryChange back = leave;
    back.roles = 4 | 8;
    RegistryChange more = leave;
    more.roles = 4 | 8 | 16;
    for (const auto* const change : {&leave, &back, &more}) decide(*change);
    EXPECT_EQ(pending_changes(state_).size(), 3U);
    EXPECT_EQ(load_registry(state_)->find(3)->roles, consortium_.members[3].member.roles);
}

TEST_F(GovernanceTest, EachEpochMakesOneChangeTheOldestFirst) {
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
    decide(about(ChangeKind::kRemove, 3));
    ASSERT_EQ(pending_changes(state_).size(), 2U);
    ASSERT_EQ(offer(begin(due())), "accepted");
    EXPECT_EQ(load_registry(state_)->find_node(3)->vote, test::key_named("new vote").public_key());
    ASSERT_EQ(offer(begin(due())), "accepted");
    EXPECT_FALSE(load_registry(state_)->find_node(3));
    EXPECT_EQ(current_epoch(state_)->epoch, 2U);
    EXPECT_EQ(current_epoch(state_)->quorum, 3U);
}

TEST_F(GovernanceTest, KeysThatNoEpochNamesAreReplacedAtOnce) {
    ASSERT_EQ(offer(rotate(rotation(1, KeyPurpose::kTx, "new tx"))), "accepted");
    EXPECT_EQ(load_registry(state_)->find(1)->tx, test::key_named("new tx").public_key());
    EXPECT_EQ(former_owner(state_, crypto::key_id(consortium_.members[1].member.tx)), Slot{1});
    RegistryChange tls = about(ChangeKind::kRotateKey, 1);
    tls.purpose = KeyPurpose::kTls;
    tls.tls_spki = crypto::sha256(as_bytes("new tls"));
    ASSERT_EQ(offer(rotate(tls)), "accepted");
    EXPECT_EQ(load_registry(state_)->find(1)->tls_spki, *tls.tls_spki);
    EXPECT_TRUE(pending_changes(state_).empty());
}

TEST_F(GovernanceTest, AParameterChangesWithTheQuorum) {
    const ChainParams genesis;
    RegistryChange change;
    change.kind = ChangeKind::kSetParam;
    change.value = 3'600;
    EXPECT_EQ(param_of(state_, ChangeableParam::kStatusPeriod, genesis), 604'800U);
    decide(change);
    EXPECT_EQ(param_of(state_, ChangeableParam::kStatusPeriod, genesis), 3'600U);
    EXPECT_EQ(param_of(state_, ChangeableParam::kEvidenceBlocksMax, genesis), 10'000U);
}

TEST_F(GovernanceTest, SlotsAreNeverReusedWhileOneWaits) {
    decide(add(newcomer_));  // waits for slot 4
    decide(add(ConsortiumMember(0, "supplier-2", 2)));
    EXPECT_EQ(load_registry(state_)->find_by_name("supplier-2")->slot, 5);
    ASSERT_EQ(offer(begin(due())), "accepted");
    EXPECT_EQ(load_registry(state_)->find_by_name("newcomer")->slot, 4);
}

TEST_F(GovernanceTest, M1SubjectsSayWhatTheBodySays) {
    const Proposal proposal{about(ChangeKind::kRemove, 3), 100};
    EXPECT_EQ(offer(root_signed(TxType::kPropose, encode_proposal(proposal), "x", 0)), "malformed");
    const Bytes good = propose(about(ChangeKind::kRemove, 3));
    ASSERT_EQ(offer(good), "accepted");
    EXPECT_EQ(offer(root_signed(TxType::kApprove, encode_approval(crypto::leaf_hash(good)), "x", 1)),
              "malformed");
}

TEST_F(GovernanceTest, M2TheRootKeyDecides) {
    const Proposal proposal{about(ChangeKind::kRemove, 3), 100};
    const auto signed_by = [&](const crypto::PrivateKey& key) {
        return consortium_.sign(TxType::kPropose, encode_proposal(proposal), subject_of(proposal), 0,
                                {&key});
    };
    EXPECT_EQ(offer(signed_by(consortium_.members[0].tx)), "signer-unknown");
    EXPECT_EQ(offer(signed_by(consortium_.members[1].root)), "signer-unknown");
    EXPECT_EQ(offer(signed_by(consortium_.members[0].root)), "accepted");
}

TEST_F(GovernanceTest, M3ProposalsEnd) {
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, height_)), "proposal-expired");
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, height_ + 40'321)),
              "proposal-expired");
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, height_ + 40'320)), "accepted");
}

TEST_F(GovernanceTest, M4AMemberHasSixteenOpenProposalsAtMost) {
    for (BlockHeight i = 0; i < 16; ++i) {
        EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, 100 + i)), "accepted");
    }
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, 200)), "too-many-proposals");
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 1, 200)), "accepted");
    height_ = 100;  // one has expired
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, 200)), "accepted");
}

// The state keeps sixteen of a member, whatever it proposed and let pass or end.
TEST_F(GovernanceTest, M4ClosedProposalsLeaveTheState) {
    for (BlockHeight i = 0; i < 40; ++i) {
        ASSERT_EQ(offer(propose(about(ChangeKind::kRemove, 3), 0, height_ + 1)), "accepted");
        EXPECT_EQ(all_proposals(state_).size(), std::min<std::size_t>(i + 1, 16));
        ++height_;  // it has ended
    }
    const auto own = proposals_of(state_, 0);
    ASSERT_EQ(own.size(), 16U);
    EXPECT_EQ(own.front().expires, height_ - 15) << "the oldest go first";
    EXPECT_TRUE(proposals_of(state_, 1).empty());

    const Bytes good = propose(about(ChangeKind::kRemove, 3), 1, height_ + 10);
    ASSERT_EQ(offer(good), "accepted");
    EXPECT_EQ(proposals_of(state_, 1).size(), 1U);
    ASSERT_EQ(offer(approve(good, 0)), "accepted");
    ASSERT_EQ(offer(approve(good, 2)), "accepted");
    EXPECT_TRUE(proposals_of(state_, 1).empty()) << "it has passed";
    EXPECT_FALSE(find_proposal(state_, crypto::leaf_hash(good)));
}

TEST_F(GovernanceTest, M5OnlyNodesApprove) {
    newcomer_.member.roles = 2;
    decide(add(newcomer_));
    consortium_.members.push_back(ConsortiumMember(4, "newcomer", 2));
    const Bytes proposal = propose(about(ChangeKind::kRemove, 3), 4);  // proposing is for everyone
    ASSERT_EQ(offer(proposal), "accepted");
    const Bytes another = propose(about(ChangeKind::kRemove, 2), 0);
    ASSERT_EQ(offer(another), "accepted");
    EXPECT_EQ(offer(approve(another, 4)), "signer-not-permitted");
    ASSERT_EQ(offer(approve(proposal, 0)), "accepted");
    ASSERT_EQ(offer(approve(proposal, 1)), "accepted");
    EXPECT_TRUE(pending_changes(state_).empty()) << "a proposer that is no node has no vote";
    ASSERT_EQ(offer(approve(proposal, 2)), "accepted");
    EXPECT_EQ(pending_changes(state_).size(), 1U);
}

TEST_F(GovernanceTest, M6OnlyOpenProposalsAreApproved) {
    const Bytes proposal = propose(about(ChangeKind::kRemove, 3));
    EXPECT_EQ(offer(approve(proposal, 1)), "proposal-unknown");
    ASSERT_EQ(offer(proposal), "accepted");
    height_ = 100;
    EXPECT_EQ(offer(approve(proposal, 1)), "proposal-expired");
    height_ = 99;
    ASSERT_EQ(offer(approve(proposal, 1)), "accepted");
    ASSERT_EQ(offer(approve(proposal, 2)), "accepted");
    EXPECT_EQ(offer(approve(proposal, 3)), "proposal-unknown") << "it has passed";
}

TEST_F(GovernanceTest, M7EachNodeApprovesOnce) {
    const Bytes proposal = propose(about(ChangeKind::kRemove, 3));
    ASSERT_EQ(offer(proposal), "accepted");
    EXPECT_EQ(offer(approve(proposal, 0)), "already-approved") << "by proposing it";
    ASSERT_EQ(offer(approve(proposal, 1)), "accepted");
    EXPECT_EQ(offer(approve(proposal, 1)), "already-approved");
    EXPECT_TRUE(pending_changes(state_).empty());
}

TEST_F(GovernanceTest, M8TheRegistryStaysValidNowAndAfterWhatIsPending) {
    decide(about(ChangeKind::kRemove, 3));
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 3))), "change-not-possible");
    EXPECT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "change-not-possible");
    decide(add(newcomer_));
    // The key is the newcomer's, though not in force yet.
    EXPECT_EQ(offer(rotate(rotation(0, KeyPurpose::kTx, "newcomer tx"))), "change-not-possible");
    EXPECT_EQ(offer(propose(about(ChangeKind::kRemove, 9))), "change-not-possible");
}

TEST_F(GovernanceTest, M8APendingChangeIsReckonedWithWhenApproving) {
    const Bytes first = propose(about(ChangeKind::kRemove, 3), 0, 100);
    const Bytes second = propose(about(ChangeKind::kRemove, 3), 0, 101);
    ASSERT_EQ(offer(first), "accepted");
    ASSERT_EQ(offer(second), "accepted");
    ASSERT_EQ(offer(approve(first, 1)), "accepted");
    ASSERT_EQ(offer(approve(first, 2)), "accepted");
    EXPECT_EQ(offer(approve(second, 1)), "change-not-possible");
}

TEST_F(GovernanceTest, M9AMemberRevokesItsOwnTxKeys) {
    const auto& tx = consortium_.members[1].member.tx;
    EXPECT_EQ(offer(revoke(tx, 0)), "signer-unknown");
    EXPECT_EQ(offer(revoke(consortium_.members[1].member.vote, 1)), "signer-unknown");
    ASSERT_EQ(offer(rotate(rotation(1, KeyPurpose::kTx, "new tx"))), "accepted");
    ASSERT_EQ(offer(revoke(tx, 1)), "accepted") << "also after it was replaced";
    EXPECT_EQ(offer(revoke(tx, 1)), "key-revoked");
    ASSERT_EQ(offer(revoke(test::key_named("new tx").public_key(), 1)), "accepted");
    const auto revoked = find_revocation(state_, crypto::key_id(tx));
    ASSERT_TRUE(revoked);
    EXPECT_EQ(revoked->slot, 1);
    EXPECT_EQ(revoked->revoked_at, 11U);
    EXPECT_EQ(revoked->since, 11U);
}

TEST_F(GovernanceTest, M10NobodyDisownsWhatWasFinal) {
    const auto& tx = consortium_.members[1].member.tx;
    EXPECT_EQ(offer(revoke(tx, 1, 3)), "revocation-backdated");
    EXPECT_EQ(offer(revoke(tx, 1, 0)), "revocation-backdated");
    ASSERT_EQ(offer(revoke(tx, 1, 4)), "accepted");
    EXPECT_EQ(find_revocation(state_, crypto::key_id(tx))->since, 4U);
    ASSERT_EQ(offer(revoke(consortium_.members[2].member.tx, 2, 1'000)), "accepted");
    EXPECT_EQ(find_revocation(state_, crypto::key_id(consortium_.members[2].member.tx))->since, 11U)
        << "not later than the revocation itself";
}

TEST_F(GovernanceTest, M11ARevokedKeySignsNothingMore) {
    ASSERT_EQ(offer(consortium_.sign(consortium_.policy())), "accepted");
    ASSERT_EQ(offer(revoke(consortium_.members[0].member.tx, 0)), "accepted");
    EXPECT_EQ(offer(consortium_.sign(consortium_.release(1, as_bytes("image")))), "key-revoked");
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
    EXPECT_EQ(offer(begin(due())), "key-revoked");
    EXPECT_EQ(offer(begin(due(), 1)), "accepted");
}

TEST_F(GovernanceTest, M12AnEpochIsSignedByAQuorumOfTheOneBefore) {
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
    EXPECT_EQ(offer(begin(due({0, 1}))), "quorum-not-met");
    EpochTransition forged = due({0, 1});
    forged.signatures.push_back({2, sign_epoch(forged.record, consortium_.members[3].cosign).value()});
    EXPECT_EQ(offer(begin(forged)), "signature-invalid");
    EpochTransition skipped = due();
    skipped.record.epoch = 2;
    EXPECT_EQ(offer(begin(skipped)), "epoch-unknown");
    EXPECT_EQ(offer(begin(due({0, 2, 3}), 3)), "accepted");
}

TEST_F(GovernanceTest, M14ARotationWaitsAlone) {
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
    EXPECT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "newer vote"))), "change-not-possible");
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kSeal, "new seal"))), "accepted");
    ASSERT_EQ(offer(rotate(rotation(2, KeyPurpose::kVote, "another vote"))), "accepted");
    ASSERT_EQ(offer(begin(due())), "accepted");
    EXPECT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "newer vote"))), "accepted");
}

TEST_F(GovernanceTest, M15TheNewKeySignsItsRotation) {
    RegistryChange change = rotation(3, KeyPurpose::kVote, "new vote");
    change.possession[7] ^= std::byte{1};
    EXPECT_EQ(offer(rotate(change)), "signature-invalid");
    change = rotation(3, KeyPurpose::kVote, "new vote");
    change.purpose = KeyPurpose::kSeal;
    EXPECT_EQ(offer(rotate(change)), "signature-invalid") << "signed for another purpose";
    change = rotation(2, KeyPurpose::kVote, "new vote");
    change.slot = 3;
    EXPECT_EQ(offer(rotate(change)), "signature-invalid") << "signed for another member";
    change = about(ChangeKind::kRotateKey, 3);
    change.purpose = KeyPurpose::kVote;
    ASSERT_TRUE(sign_rotation(change, ChainId{}, test::key_named("new vote")));
    EXPECT_EQ(offer(rotate(change)), "signature-invalid") << "signed for another ledger";
    ASSERT_TRUE(sign_rotation(change, consortium_.chain_id, test::key_named("new vote")));
    change.key = test::key_named("whose is this").public_key();
    EXPECT_EQ(offer(rotate(change)), "signature-invalid") << "a key that is not held";
    EXPECT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
}

TEST_F(GovernanceTest, M13AnEpochIsWhatTheOldestPendingChangeMakes) {
    const auto transition_of = [&](EpochRecord record) {
        EpochTransition next;
        next.record = std::move(record);
        for (const Slot slot : {Slot{0}, Slot{1}, Slot{2}}) {
            next.signatures.push_back(
                {slot, sign_epoch(next.record, consortium_.members[slot].cosign).value()});
        }
        return next;
    };
    const EpochRecord same =
        next_epoch(*current_epoch(state_), *load_registry(state_), crypto::leaf_hash({}));
    EXPECT_EQ(offer(begin(transition_of(same))), "epoch-unknown") << "nothing is pending";
    ASSERT_EQ(offer(rotate(rotation(3, KeyPurpose::kVote, "new vote"))), "accepted");
    ASSERT_EQ(offer(rotate(rotation(2, KeyPurpose::kVote, "newer vote"))), "accepted");
    const auto second = pending_changes(state_)[1];
    const auto out_of_turn = apply_change(*load_registry(state_), second.change).value();
    EXPECT_EQ(
        offer(begin(transition_of(next_epoch(*current_epoch(state_), out_of_turn, second.leaf)))),
        "epoch-unknown");
    EXPECT_EQ(offer(begin(due())), "accepted");
}

TEST_F(GovernanceTest, TheGatewayLedgerHasTheSameRules) {
    const auto tx_bytes = rotate(rotation(1, KeyPurpose::kTx, "new tx"));
    const auto tx = decode_transaction(tx_bytes).value();
    const auto registry = load_registry(state_);
    const TxContext context{height_, *registry, consortium_.chain_id, final_size_};
    ASSERT_TRUE(gateway_rules().check(tx, state_, context));
    gateway_rules().apply(tx, 10, state_);
    EXPECT_EQ(load_registry(state_)->find(1)->tx, test::key_named("new tx").public_key());
}

TEST_F(GovernanceTest, ARootKeyLostByItsMemberIsReplacedByTheOthers) {
    RegistryChange recover = about(ChangeKind::kRecoverKey, 3);
    recover.key = test::key_named("found again").public_key();
    decide(recover);
    ASSERT_EQ(offer(begin(due())), "accepted");
    EXPECT_EQ(load_registry(state_)->find(3)->root, *recover.key);
}

}  // namespace
}  // namespace assay::ledger
