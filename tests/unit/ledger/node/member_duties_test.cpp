// Members that vote, certify and cosign together.

#include <algorithm>

#include <gtest/gtest.h>

#include "ledger/core/evidence.hpp"
#include "ledger/core/governance_state.hpp"
#include "tests/unit/ledger/node/members_fixture.hpp"

namespace assay::ledger {
namespace {

class DutiesOf : public testing::TestWithParam<std::size_t> {};

TEST_P(DutiesOf, MakeATransactionFinalInTwoBlocksAndFallSilentAfterThree) {
    Members members(GetParam());
    members.greet();
    members.submit(1);
    members.mine();
    for (const auto& chain : members.chains) EXPECT_EQ(chain->justified_block().height, 1U);
    EXPECT_TRUE(members.cosigned.empty());
    members.mine();
    for (std::size_t i = 0; i < members.chains.size(); ++i) {
        EXPECT_EQ(members.chains[i]->final_block().height, 1U);
        EXPECT_EQ(members.cosigned_sizes(i), std::vector<std::uint64_t>{1});
    }
    members.mine();
    for (const auto& chain : members.chains) {
        for (Slot slot = 0; slot < GetParam(); ++slot) {
            EXPECT_FALSE(chain->make_template(slot, at(members.now + 5)));
        }
    }
    EXPECT_TRUE(members.penalties.empty());
}
INSTANTIATE_TEST_SUITE_P(Nodes, DutiesOf, testing::Values(1, 2, 4, 7));

TEST(MemberDuties, FinaliseWithOneOfFourGone) {
    Members members(4);
    members.greet();
    members.silent[3] = true;
    members.submit(1);
    for (int i = 0; i < 2; ++i) members.mine();
    EXPECT_EQ(members.chains[0]->final_block().height, 1U);
    EXPECT_EQ(members.chains[3]->final_block().height, 0U);
}

TEST(MemberDuties, FinaliseNothingWithoutAQuorumAndCatchUpWhenItIsBack) {
    Members members(3);  // m = 3, s = 2
    members.greet();
    members.silent[2] = true;
    members.submit(1);
    for (int i = 0; i < 4; ++i) members.mine();
    EXPECT_EQ(members.chains[0]->justified_block().height, 0U);
    members.silent[2] = false;
    for (BlockHeight height = 1; height <= 4; ++height) {
        const auto block = members.chains[0]->block(*members.chains[0]->id_at(height)).value();
        (void)members.chains[2]->accept_block(block, at(members.now));
    }
    members.deliver(2, 2, members.duties[2]->on_chain(at(members.now)));
    // It hears what the others hold when they connect again.
    members.deliver(0, 2, members.duties[0]->on_greeted(2, at(members.now)));
    EXPECT_EQ(members.chains[0]->justified_block().height, 4U);
    EXPECT_EQ(members.chains[2]->justified_block().height, 4U);
    members.mine();
    EXPECT_EQ(members.chains[0]->final_block().height, 4U);
}

TEST(MemberDuties, SayOwnVotesAgainUntilTheyAreCertified) {
    Members members(2);
    members.greet();
    members.submit(1);
    members.silent[1] = true;
    members.mine();
    const auto votes = [&](std::size_t i) {
        std::size_t count = 0;
        const Actions actions = members.duties[i]->on_tick(at(members.now));
        for (const auto& message : actions.broadcasts) {
            count += std::holds_alternative<VoteMessage>(message) ? 1 : 0;
        }
        return count;
    };
    members.now += 5;
    EXPECT_EQ(votes(0), 1U);
    EXPECT_EQ(votes(0), 0U) << "not every second";
    members.now += 5;
    EXPECT_EQ(votes(0), 1U);
    // The other comes back and votes.
    members.silent[1] = false;
    const auto block = members.chains[0]->block(members.chains[0]->tip().id).value();
    ASSERT_EQ(members.chains[1]->accept_block(block, at(members.now)).verdict,
              BlockVerdict::kValid);
    members.deliver(1, 1, members.duties[1]->on_chain(at(members.now)));
    members.now += 5;
    EXPECT_EQ(members.chains[0]->justified_block().height, 1U);
    EXPECT_EQ(votes(0), 0U);
}

TEST(MemberDuties, ANewMemberHearsAQuorumBeforeItsFirstVote) {
    Members members(4);
    members.submit(1);
    members.mine();
    for (const auto& duties : members.duties) {
        EXPECT_EQ(duties->status().voting, VotingState::kNew);
        EXPECT_EQ(duties->status().last_vote, 0U);
    }
    (void)members.duties[0]->on_greeted(1, at(members.now));
    members.now += 60;
    members.tick();
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kNew) << "one of three others";
    (void)members.duties[0]->on_greeted(2, at(members.now));
    members.tick();
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kNew) << "they are still speaking";
    members.now += 2;
    members.tick();
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOn);
    EXPECT_EQ(members.duties[0]->status().last_vote, 1U);
}

// Rule V4: the disk is gone, chain and record of own votes with it.
TEST(MemberDuties, AMemberThatLostItsDiskDoesNotVoteAgainByItself) {
    Members members(4);
    members.greet();
    members.submit(1);
    for (int i = 0; i < 2; ++i) members.mine();
    members.duties[0].reset();
    members.chains[0].reset();
    std::filesystem::remove_all(members.folder(0));
    members.chains[0] = members.founders.open(members.folder(0) / "chain");
    members.open(0);
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kNew);
    for (std::size_t k = 1; k < 4; ++k) {
        (void)members.duties[0]->on_greeted(members.slot(k), at(members.now));
        members.deliver(k, 0, members.duties[k]->on_greeted(0, at(members.now)));
    }
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOff);
    members.now += 60;
    members.tick();
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOff);
    EXPECT_NE(members.duties[0]->status().why_not.find("assay member resume"), std::string::npos);

    const auto floor = members.duties[0]->resume_voting();
    ASSERT_TRUE(floor.has_value());
    EXPECT_GE(*floor, kVoteFloorMargin);
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOn);
    EXPECT_EQ(members.duties[0]->status().vote_floor, *floor);
}

// Rule V4: the same, but the ledger has not come back as far as the epoch of the lost vote.
TEST(MemberDuties, KnowTheirOwnVotesOfAnEpochThatTheirLedgerHasNotReached) {
    Members members(4);
    Vote lost;
    lost.epoch = 7;
    lost.slot = members.slot(0);
    lost.link.source = members.chains[0]->final_block();
    lost.link.target.height = 9;
    const auto vote =
        sign_vote(lost, members.founders.chain_id, members.founders.members[0].vote);
    ASSERT_TRUE(vote.has_value());
    (void)members.duties[0]->on_vote(members.slot(1), *vote, at(members.now));
    EXPECT_EQ(members.duties[0]->status().voting, VotingState::kOff);
}

// A later member's ledger begins with the founder's epoch: it is none of that quorum.
TEST(MemberDuties, DoNotBeginToVoteBeforeAnEpochThatNamesThem) {
    Members members(1);
    auto& member = members.founders.members[0];
    const DutyKeys keys{9, "later", &member.vote, &member.log, &member.cosign, &member.tx};
    DutyStores stores;
    stores.safety = durable_file(members.folder(0) / "later.votes");
    stores.cosigned = durable_file(members.folder(0) / "later.cosigned");
    const auto later = MemberDuties::open(*members.chains[0], keys, std::move(stores));
    ASSERT_TRUE(later.has_value());
    (void)(*later)->on_tick(at(members.now));
    EXPECT_EQ((*later)->status().voting, VotingState::kNew);
}

// Member 1 has another vote key from epoch 1 on, which is in force everywhere when this returns.
void replace_vote_key_of_1(Members& members, const crypto::PrivateKey& next_key) {
    const auto& owner = members.founders.members[1];
    RegistryChange change;
    change.kind = ChangeKind::kRotateKey;
    change.slot = owner.entry.slot;
    change.purpose = KeyPurpose::kVote;
    ASSERT_TRUE(sign_rotation(change, members.founders.chain_id, next_key));
    TxBody body;
    body.type = TxType::kRotateKey;
    body.chain_id = members.founders.chain_id;
    body.slot = owner.entry.slot;
    body.valid_until = 1'000;
    const Bytes rotation = encode_change(change);
    body.body = rotation;
    members.submit(test::sign(body, owner, rotation_subject(change), owner.root));
    members.mine();
    EpochTransition next;
    next.record = due_epoch(members.chains[0]->state()).value().record;
    for (const auto& member : members.founders.members) {
        next.signatures.push_back({member.entry.slot, sign_epoch(next.record, member.cosign).value()});
    }
    const Bytes transition = encode_epoch_transition(next);
    body.type = TxType::kEpoch;
    body.body = transition;
    members.submit(test::sign(body, owner, subject_of(next), owner.tx));
    for (int i = 0; i < 3; ++i) members.mine();
    ASSERT_EQ(members.chains[1]->vote_target(members.chains[1]->tip().id)->voters->number(), 1U);
    ASSERT_GE(members.chains[1]->final_block().height, 2U) << "the epoch's block";
}

// A vote key is replaced because it may have leaked: who has the old one must not silence its former
// owner, nor fill the places of the owner's votes.
TEST(MemberDuties, TakeNoVotesByAKeyThatWasReplacedForGood) {
    Members members(4);
    members.greet();
    const auto& owner = members.founders.members[1];
    replace_vote_key_of_1(members, test::new_key());
    Vote forged;
    forged.slot = owner.entry.slot;
    forged.link.source.id = members.chains[0]->id_at(0).value();
    forged.link.target.height = members.chains[0]->tip().height + 3;
    forged = sign_vote(forged, members.founders.chain_id, owner.vote).value();
    for (const std::size_t at_member : {0U, 1U}) {
        const std::size_t held = members.duties[at_member]->status().votes_held;
        const auto actions =
            members.duties[at_member]->on_vote(members.slot(2), forged, at(members.now));
        EXPECT_TRUE(actions.relays.empty());
        EXPECT_TRUE(actions.penalties.empty()) << "an honest peer may lag behind";
        EXPECT_EQ(members.duties[at_member]->status().votes_held, held);
        EXPECT_EQ(members.duties[at_member]->status().voting, VotingState::kOn);
    }
}

// Rule V4: its folder is one of before the rotation, and others tell what the new key has voted
// before the ledger, as far as it has come back, names that key.
TEST(MemberDuties, KnowWhatTheirNewVoteKeyHasVotedBeforeTheyUseIt) {
    Members members(4);
    members.greet();
    auto next_key = test::new_key();
    replace_vote_key_of_1(members, next_key);
    Vote lost;
    lost.epoch = 1;
    lost.slot = members.slot(1);
    lost.link.source = members.chains[1]->final_block();
    lost.link.target.height = members.chains[1]->tip().height + 3;
    lost = sign_vote(lost, members.founders.chain_id, next_key).value();
    (void)members.duties[1]->on_vote(members.slot(2), lost, at(members.now));
    ASSERT_EQ(members.duties[1]->status().voting, VotingState::kOn) << "of the key in use";
    members.founders.members[1].vote = std::move(next_key);
    (void)members.duties[1]->on_tick(at(members.now));
    EXPECT_EQ(members.duties[1]->status().voting, VotingState::kOff);
}

// Members whose ledger begins anew while the others are in epoch 1.
class VotesOfALaterEpoch : public testing::Test {
  protected:
    VotesOfALaterEpoch() {
        members.greet();
        replace_vote_key_of_1(members, next_key);
        members.duties[1].reset();
        members.chains[1].reset();
        std::filesystem::remove_all(members.folder(1) / "chain");
        members.chains[1] = members.founders.open(members.folder(1) / "chain");
        members.open(1);
    }
    // By whom, for a block to come.
    [[nodiscard]] Vote vote_of(std::size_t member, const crypto::PrivateKey& key) const {
        Vote vote;
        vote.epoch = 1;
        vote.slot = members.slot(member);
        vote.link.source = members.chains[0]->final_block();
        vote.link.target.height = members.chains[0]->tip().height + 3;
        return sign_vote(vote, members.founders.chain_id, key).value();
    }
    Actions tell(std::size_t from, const Vote& vote) {
        return members.duties[1]->on_vote(members.slot(from), vote, at(members.now));
    }
    // The ledger of member 1 comes back.
    std::vector<Penalty> catch_up() {
        std::vector<Penalty> blamed;
        for (BlockHeight height = 1; height <= members.chains[0]->tip().height; ++height) {
            const Bytes block =
                members.chains[0]->block(members.chains[0]->id_at(height).value()).value();
            EXPECT_EQ(members.chains[1]->accept_block(block, at(members.now)).verdict,
                      BlockVerdict::kValid);
            const Actions actions = members.duties[1]->on_chain(at(members.now));
            blamed.insert(blamed.end(), actions.penalties.begin(), actions.penalties.end());
        }
        return blamed;
    }

    Members members{4};
    crypto::PrivateKey next_key = test::new_key();
};

TEST_F(VotesOfALaterEpoch, CountOnceTheLedgerHasComeToIt) {
    const Vote vote = vote_of(2, members.founders.members[2].vote);
    EXPECT_TRUE(tell(0, vote).relays.empty());
    EXPECT_TRUE(tell(0, vote).penalties.empty());
    EXPECT_FALSE(members.duties[1]->votes().contains(vote));
    EXPECT_TRUE(catch_up().empty());
    EXPECT_TRUE(members.duties[1]->votes().contains(vote));
}

TEST_F(VotesOfALaterEpoch, AreOwnOnesIfTheNextKeySignedThem) {
    (void)tell(2, vote_of(1, next_key));
    members.founders.members[1].vote = std::move(next_key);
    (void)members.duties[1]->on_tick(at(members.now));
    EXPECT_EQ(members.duties[1]->status().voting, VotingState::kOff) << "it has voted before";
}

TEST_F(VotesOfALaterEpoch, AreNotKeptWithoutEndNorBelieved) {
    Vote vote = vote_of(2, members.founders.members[2].vote);
    (void)tell(0, vote);
    for (std::size_t i = 0; i < kEarlyVotesOfPeerMax + 10; ++i) {
        if (i % kVotesOfPeerPerTickMax == 0) (void)members.duties[1]->on_tick(at(members.now));
        Vote noise = vote;
        noise.link.target.height += static_cast<BlockHeight>(i);
        noise.signature[0] ^= std::byte{1};
        (void)tell(3, noise);
    }
    const auto blamed = catch_up();
    EXPECT_TRUE(members.duties[1]->votes().contains(vote)) << "a liar pushes out its own alone";
    EXPECT_FALSE(blamed.empty());
    EXPECT_LE(blamed.size(), kEarlyVotesOfPeerMax);
    EXPECT_TRUE(std::ranges::all_of(blamed, [](const Penalty& p) { return p.slot == 3; }));
}

TEST(MemberDuties, BlameWhoeverSendsAVoteThatNobodySigned) {
    Members members(4);
    members.greet();
    members.submit(1);
    members.silent[1] = members.silent[2] = members.silent[3] = true;
    members.mine();
    const auto target = members.chains[0]->vote_target(members.chains[0]->tip().id).value();
    Vote forged;
    forged.slot = 2;
    forged.link = {target.chain_justified, target.point};
    auto actions = members.duties[0]->on_vote(1, forged, at(members.now));
    ASSERT_EQ(actions.penalties.size(), 1U);
    EXPECT_EQ(actions.penalties[0].slot, 1);
    EXPECT_EQ(actions.penalties[0].score, kPenaltyInvalid);
    EXPECT_TRUE(actions.relays.empty() && actions.broadcasts.empty());
    forged.epoch = 4;
    actions = members.duties[0]->on_vote(1, forged, at(members.now));
    EXPECT_TRUE(actions.penalties.empty()) << "an epoch that we have not seen proves nothing";
    EXPECT_TRUE(actions.relays.empty());
}

// A member that votes both ways is put on record, once, whoever heard it.
TEST(MemberDuties, RelayFewVotesASecondOfWhoeverCastsMany) {
    Members members(4);
    members.greet();
    const auto vote_at = [&](BlockHeight height) {
        Vote vote;
        vote.slot = 3;
        vote.link.target.height = height;
        return sign_vote(vote, members.founders.chain_id, members.founders.members[3].vote).value();
    };
    std::size_t relayed = 0, blamed = 0, blamed_relay = 0;
    for (BlockHeight height = 1'000; height < 1'100; ++height) {
        const Actions heard = members.duties[0]->on_vote(3, vote_at(height), at(members.now));
        relayed += heard.relays.size();
        blamed += heard.penalties.size();
        blamed_relay += members.duties[1]->on_vote(2, vote_at(height), at(members.now)).penalties.size();
    }
    EXPECT_EQ(relayed, kVotesOfSlotPerSecondMax);
    EXPECT_EQ(blamed, 100 - kVotesOfSlotPerSecondMax);
    EXPECT_EQ(blamed_relay, 0U) << "who passes them on is not to blame";
    ++members.now;
    const Actions later = members.duties[0]->on_vote(3, vote_at(2'000), at(members.now));
    EXPECT_EQ(later.relays.size(), 1U);
}

TEST(MemberDuties, RecordWhoVotesBothWays) {
    Members members(4);
    members.greet();
    members.submit(1);
    members.silent[3] = true;
    members.mine();
    const auto honest = members.chains[0]->vote_target(members.chains[0]->tip().id).value();
    const auto cast = [&](unsigned char branch) {
        Vote vote;
        vote.slot = 3;
        vote.link = {honest.chain_justified, honest.point};
        vote.link.target.height += 1;
        vote.link.target.id.bytes.fill(std::byte{branch});
        return sign_vote(vote, members.founders.chain_id, members.founders.members[3].vote).value();
    };
    EXPECT_EQ(members.duties[0]->on_vote(3, cast(1), at(members.now)).penalties.size(), 0U);
    const Actions actions = members.duties[0]->on_vote(3, cast(2), at(members.now));
    EXPECT_TRUE(actions.transaction_added);
    ASSERT_EQ(members.chains[0]->mempool_size(), 1U);
    const auto tx = members.chains[0]->mempool_transaction(members.chains[0]->mempool_ids()[0]);
    const auto decoded = decode_transaction(*tx).value();
    EXPECT_EQ(decoded.body.type, TxType::kEvidence);
    EXPECT_EQ(decoded.subject, "evidence/3/0");
    EXPECT_FALSE(members.duties[0]->on_vote(3, cast(3), at(members.now)).transaction_added);
    // Others take it from here, and have nothing to add once it is on the ledger.
    ASSERT_TRUE(members.chains[1]->accept_transaction(*tx));
    members.mine();
    ASSERT_EQ(all_evidence(members.chains[1]->state()).size(), 1U);
    (void)members.duties[1]->on_vote(3, cast(1), at(members.now));
    EXPECT_FALSE(members.duties[1]->on_vote(3, cast(2), at(members.now)).transaction_added);
    EXPECT_EQ(members.duties[1]->status().last_error, "");
}

// Rule F8 stops the duties too.
TEST(MemberDuties, NeitherVoteNorCosignAfterAContradictingCertificate) {
    Members members(4);
    members.greet();
    members.submit(1);
    for (int i = 0; i < 2; ++i) members.mine();
    ASSERT_EQ(members.chains[0]->final_block().height, 1U);
    // All others vote for a block beside the final one.
    auto other = members.founders.open(members.dir / "other");
    ASSERT_TRUE(other->accept_transaction(
        test::make_policy_tx(members.founders.chain_id, members.founders.members[1], {1, 2})));
    std::uint32_t time = kGenesisTime + 100;
    const Bytes block = members.founders.extend(*other, time);
    members.now = time + 1;
    ASSERT_EQ(members.chains[0]->accept_block(block, at(members.now)).verdict,
              BlockVerdict::kValid);
    (void)members.chains[0]->accept_certificate(
        members.founders.certificate_for(*other, other->tip().id, 3));
    ASSERT_FALSE(members.chains[0]->conflict().empty());
    members.now += 700;
    const Actions actions = members.duties[0]->on_tick(at(members.now));
    EXPECT_TRUE(actions.cosigned.empty());
    EXPECT_NE(members.duties[0]->status().why_not.find("contradicts"), std::string::npos);
    const Actions healthy = members.duties[1]->on_tick(at(members.now));
    EXPECT_EQ(healthy.cosigned.size(), 1U) << "after ten minutes, where there is no conflict";
}

}  // namespace
}  // namespace assay::ledger
