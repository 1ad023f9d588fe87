// What a NODE member owes its ledger besides mining: to vote for the blocks it adopts, to make
// certificates of the votes it hears, to cosign the log of what is final, to sign the next epoch,
// to record members that contradict themselves. Node drives it in production, the simulator in
// assay-sim.
//
// No sockets, no clock: time is passed in, what is to be said comes back as Actions (sync.hpp):
// broadcasts to every peer, relays to every peer but the one that was just heard. The chain it
// works on may change in every call. One thread.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/net/sync.hpp"
#include "ledger/node/cosigner.hpp"
#include "ledger/node/durable_value.hpp"
#include "ledger/node/epoch_signer.hpp"
#include "ledger/node/vote_pool.hpp"
#include "ledger/node/voter.hpp"

namespace assay::ledger {

// Own votes for what is not justified yet are said again this often: messages get lost.
inline constexpr std::chrono::seconds kVoteAgain{5};
// A member that has just started listens so long to a quorum before its first vote.
inline constexpr std::chrono::seconds kVoteAfterGreetings{2};
// After a loss of the record of own votes: no votes so far above the final block.
inline constexpr BlockHeight kVoteFloorMargin = 1'000;
inline constexpr std::size_t kVoteHeightsToPeer = 8;  // of each slot, when it connects
// Checked; others are said again.
inline constexpr std::size_t kVotesOfPeerPerTickMax = 2 * kVoteHeightsToPeer * kMembersMax;
// New votes by one slot that are relayed and made certificates of. A correct member votes for a block
// or two a second; who casts more must not make the others flood each other.
inline constexpr std::size_t kVotesOfSlotPerSecondMax = 32;

// Of one peer, for epochs that are not known here yet.
inline constexpr std::size_t kEarlyVotesOfPeerMax = kVoteHeightsToPeer * kMembersMax;

// The keys outlive the duties.
struct DutyKeys {
    Slot slot = 0;
    std::string name;
    const crypto::PrivateKey* vote = nullptr;
    const crypto::PrivateKey* log = nullptr;
    const crypto::PrivateKey* cosign = nullptr;
    const crypto::PrivateKey* tx = nullptr;
};

// What must survive crashes, apart from the chain.
struct DutyStores {
    std::unique_ptr<DurableValue> safety;    // voter.hpp
    std::unique_ptr<DurableValue> cosigned;  // cosigner.hpp
};

struct DutyStatus {
    VotingState voting = VotingState::kOff;
    std::string why_not;  // empty while it votes
    BlockHeight vote_floor = 0;
    BlockHeight last_vote = 0;  // height of the newest own vote remembered, 0: none
    std::size_t votes_held = 0;
    std::string last_error;
};

class MemberDuties {
  public:
    // `chain` must outlive the duties. Fails if a store holds something that is not this member's.
    [[nodiscard]] static Result<std::unique_ptr<MemberDuties>> open(Chain& chain,
                                                                    const DutyKeys& keys,
                                                                    DutyStores stores);

    // The chain took in a block, whether or not its tip changed.
    [[nodiscard]] Actions on_chain(Timestamp now);
    [[nodiscard]] Actions on_vote(Slot from, const Vote& vote, Timestamp now);
    [[nodiscard]] Actions on_epoch_signature(const EpochSignatureMessage& message);
    // By the root key of a member whose node does not run: `assay member recover`.
    [[nodiscard]] Result<Actions> add_epoch_signature(const EpochSignature& signature);
    // A peer has said hello: `replies` are what it is told.
    [[nodiscard]] Actions on_greeted(Slot peer, Timestamp now);
    // To be called about once a second.
    [[nodiscard]] Actions on_tick(Timestamp now);

    // The operator's word after a loss of the record of own votes. Returns the height above which
    // this member votes again.
    [[nodiscard]] Result<BlockHeight> resume_voting();

    [[nodiscard]] DutyStatus status() const;
    [[nodiscard]] const VotePool& votes() const noexcept { return pool_; }
    // For what else this member signs once only: epoch records.
    [[nodiscard]] Voter& voter() noexcept { return voter_; }

  private:
    MemberDuties(Chain& chain, const DutyKeys& keys, Voter voter, Cosigner cosigner);

    void work(Timestamp now, Actions& actions);
    void take_vote(Slot from, const Vote& vote, Timestamp now, Actions& actions);
    void keep_early(Slot from, const Vote& vote);
    void hear_early(Timestamp now, Actions& actions);
    void hear_certificates(Actions& actions);
    [[nodiscard]] bool hear(const Vote& vote, Actions& actions);
    void accuse(const VoteContradiction& votes, Actions& actions);
    void charge_again(Actions& actions);
    [[nodiscard]] Result<void> charge(const Evidence& evidence, Actions& actions);
    [[nodiscard]] const VoteTarget* target_of(const ChainPoint& point);
    void certify(Actions& actions);
    void vote_for_tip(Actions& actions);
    void cosign(Timestamp now, Actions& actions);
    void end_silence(Timestamp now);
    void note(const Result<void>& done);
    void look_at_final();
    // The ledger may have named another vote key of ours: what is known of its votes is asked first.
    [[nodiscard]] Result<void> look_at_key();
    [[nodiscard]] bool is_own(const Vote& vote) const;

    Chain& chain_;
    const DutyKeys keys_;
    Voter voter_;
    Cosigner cosigner_;
    EpochSigner epoch_signer_;
    VotePool pool_;
    // By the peer that told them: whose they are can be checked once the ledger has come to their epoch.
    std::map<Slot, std::deque<Vote>> early_;
    std::set<ChainPoint> certified_;  // targets above the final block whose certificate is known
    std::vector<Certificate> heard_;  // the chain's newest certificates, whose votes were counted
    std::optional<ChainPoint> final_;  // the final block that was looked at,
    std::uint32_t final_epoch_ = 0;    // and the epoch that governs what follows it
    // What the chain says of targets above the final block; nothing of blocks that it lacks.
    std::map<ChainPoint, std::optional<VoteTarget>> targets_;
    // By slot and epoch, while it can be put on record.
    std::map<std::pair<Slot, std::uint32_t>, Evidence> accused_;
    bool listens_ = true;  // since the start of this process: until a quorum was heard
    std::set<Slot> greeted_;
    std::optional<Timestamp> quorum_greeted_;
    std::optional<Timestamp> said_;  // when own votes were last said again
    std::map<Slot, std::size_t> checked_;  // votes of each peer in this tick
    std::map<Slot, std::size_t> taken_;  // new votes by each slot in the second `taken_at_`
    Timestamp taken_at_{};
    std::string last_error_;
};

}  // namespace assay::ledger
