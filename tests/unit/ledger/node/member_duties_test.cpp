// Members that vote, certify and cosign together, without sockets or clocks: what one says is handed
// to the others at once.

#include "ledger/node/member_duties.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "ledger/core/evidence.hpp"
#include "ledger/core/governance_state.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;

// On disk, until the disk is full.
class FailingValue final : public DurableValue {
  public:
    FailingValue(std::filesystem::path path, int& writes_left)
        : value_{durable_file(std::move(path))}, writes_left_{&writes_left} {}
    [[nodiscard]] Result<std::optional<Bytes>> read() const override { return value_->read(); }
    [[nodiscard]] Result<void> replace(ByteView value) override {
        if (*writes_left_ == 0) return fail(std::errc::no_space_on_device, value_->name());
        --*writes_left_;
        return value_->replace(value);
    }
    [[nodiscard]] std::string name() const override { return value_->name(); }

  private:
    std::unique_ptr<DurableValue> value_;
    int* writes_left_;
};

class Members {
  public:
    explicit Members(std::size_t count) : founders{count} {
        for (std::size_t i = 0; i < count; ++i) chains.push_back(founders.open(folder(i) / "chain"));
        duties.resize(count);
        silent.resize(count);
        for (std::size_t i = 0; i < count; ++i) open(i);
    }
    std::filesystem::path folder(std::size_t i) {
        const auto path = dir / std::to_string(i);
        std::filesystem::create_directories(path);
        return path;
    }
    void open(std::size_t i) {
        const auto& member = founders.members[i];
        const DutyKeys keys{member.entry.slot, member.entry.name, &member.vote,
                            &member.log,       &member.cosign,    &member.tx};
        DutyStores stores;
        stores.safety = std::make_unique<FailingValue>(folder(i) / "safety.votes", writes_left);
        stores.cosigned = std::make_unique<FailingValue>(folder(i) / "cosigned", writes_left);
        auto opened = MemberDuties::open(*chains[i], keys, std::move(stores));
        ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
        duties[i] = std::move(*opened);
    }
    // All say hello to all, and the pause before the first vote passes.
    void greet() {
        for (std::size_t i = 0; i < duties.size(); ++i) {
            for (std::size_t k = 0; k < duties.size(); ++k) {
                if (i != k) deliver(i, k, duties[i]->on_greeted(slot(k), at(now)));
            }
        }
        now += static_cast<std::uint32_t>(kVoteAfterGreetings.count());
        tick();
    }
    void tick() {
        for (std::size_t i = 0; i < duties.size(); ++i) {
            deliver(i, i, duties[i]->on_tick(at(now)));
        }
    }
    [[nodiscard]] Slot slot(std::size_t i) const { return founders.members[i].entry.slot; }

    // A block by the first who may, taken in by all that are not silent.
    void mine() {
        for (const std::uint32_t end = now + 10'000; now < end; ++now) {
            for (std::size_t i = 0; i < chains.size(); ++i) {
                if (silent[i]) continue;
                auto block = chains[i]->make_template(slot(i), at(now));
                if (!block) continue;
                const Bytes bytes = test::mine(*std::move(block), founders.members[i]);
                for (std::size_t k = 0; k < chains.size(); ++k) {
                    if (silent[k]) continue;
                    const auto outcome = chains[k]->accept_block(bytes, at(now));
                    ASSERT_EQ(outcome.verdict, BlockVerdict::kValid) << outcome.detail;
                    deliver(k, k, duties[k]->on_chain(at(now)));
                }
                ++now;
                return;
            }
        }
        FAIL() << "nobody may mine";
    }
    void submit(std::uint64_t version) {
        submit(test::make_policy_tx(founders.chain_id, founders.members[0], {version}));
    }
    void submit(const Bytes& tx) {
        for (std::size_t i = 0; i < chains.size(); ++i) {
            if (silent[i]) continue;
            ASSERT_TRUE(chains[i]->accept_transaction(tx));
        }
    }

    // Broadcasts of `speaker` reach all, relays all but `heard`, replies `heard`.
    void deliver(std::size_t speaker, std::size_t heard, Actions actions) {
        for (const auto& penalty : actions.penalties) penalties.push_back(penalty);
        for (const auto& text : actions.cosigned) cosigned[speaker].push_back(text);
        for (const auto& message : actions.broadcasts) {
            votes_said += std::holds_alternative<VoteMessage>(message) ? 1 : 0;
            epochs_signed += std::holds_alternative<EpochSignatureMessage>(message) ? 1 : 0;
        }
        if (silent[speaker]) return;
        for (std::size_t k = 0; k < duties.size(); ++k) {
            if (k == speaker) continue;
            for (const auto& message : actions.replies) {
                if (k == heard) hand_over(speaker, k, message);
            }
            for (const auto& message : actions.relays) {
                if (k != heard) hand_over(speaker, k, message);
            }
            for (const auto& message : actions.broadcasts) hand_over(speaker, k, message);
        }
    }
    void hand_over(std::size_t from, std::size_t to, const PeerMessage& message) {
        const auto* vote = std::get_if<VoteMessage>(&message);
        if (vote == nullptr || silent[to]) return;
        deliver(to, from, duties[to]->on_vote(slot(from), vote->vote, at(now)));
    }
    [[nodiscard]] std::vector<std::uint64_t> cosigned_sizes(std::size_t i) {
        std::vector<std::uint64_t> sizes;
        for (const auto& text : cosigned[i]) {
            sizes.push_back(parse_checkpoint_text(parse_note(text)->text)->size);
        }
        return sizes;
    }

    test::TempDir dir;
    Founders founders;
    std::uint32_t now = kGenesisTime + 10;
    std::vector<std::unique_ptr<Chain>> chains;
    std::vector<std::unique_ptr<MemberDuties>> duties;
    std::vector<bool> silent;  // hears and says nothing
    std::map<std::size_t, std::vector<std::string>> cosigned;
    std::vector<Penalty> penalties;
    int votes_said = 0, epochs_signed = 0;  // broadcasts of all, repetitions included
    static constexpr int kManyWrites = 1'000'000;
    int writes_left = kManyWrites;  // of own votes and cosignatures
};

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

// A vote key is replaced because it may have leaked: who has the old one must not silence its former
// owner, nor fill the places of the owner's votes.
TEST(MemberDuties, TakeNoVotesByAKeyThatWasReplacedForGood) {
    Members members(4);
    members.greet();
    const auto& owner = members.founders.members[1];
    RegistryChange change;
    change.kind = ChangeKind::kRotateKey;
    change.slot = owner.entry.slot;
    change.purpose = KeyPurpose::kVote;
    ASSERT_TRUE(sign_rotation(change, members.founders.chain_id, test::new_key()));
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
