// The votes of this member: casts none that breaks rules V1 to V4 (docs/ledger-rules.md), and
// writes each down before it leaves (docs/formats.md, section 15).
//
// What it wrote down is all that keeps it from contradicting itself. If that record is missing, or
// the ledger knows a vote of this member that the record lacks (a restored backup, a cloned disk),
// voting is off until an operator resumes it above everything that may be out there, or until the
// ledger names another vote key: what one key must not contradict binds that key alone. One thread.

#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/certificate.hpp"
#include "ledger/node/durable_value.hpp"

namespace assay::ledger {

inline constexpr std::size_t kOwnVotesMax = 256;  // remembered one by one; older ones as floors

enum class VotingState : std::uint8_t {
    kOn = 0,
    kNew = 1,  // the record was made just now, with the ledger: other members are asked first
    kOff = 2,
};

// What binds one vote key.
struct KeyBounds {
    VotingState state = VotingState::kOn;
    BlockHeight vote_floor = 0;    // no vote for a target at or below it
    BlockHeight source_floor = 0;  // nor from a source below this one
    std::string why_off;
    friend bool operator==(const KeyBounds&, const KeyBounds&) = default;
};

// What is on disk.
struct SafetyRecord {
    ChainId chain_id;
    Slot slot = 0;
    crypto::KeyId key{};                           // the vote key in use
    KeyBounds bounds;                              // of that one
    std::vector<Vote> votes;                       // own, by whatever key, ascending targets
    std::map<std::uint64_t, Sha256Digest> epochs;  // the one record signed of each epoch number
    // Of the keys before: a reorganisation may bring one back.
    std::map<crypto::KeyId, KeyBounds> replaced;
    friend bool operator==(const SafetyRecord&, const SafetyRecord&) = default;
};
[[nodiscard]] Bytes encode_safety_record(const SafetyRecord& record);
[[nodiscard]] Result<SafetyRecord> decode_safety_record(ByteView input);

class Voter {
  public:
    // `key` is the vote key as it is now. `ledger_is_new`: the chain holds nothing but block 0.
    // Fails if the record is another member's or does not decode.
    [[nodiscard]] static Result<Voter> open(std::unique_ptr<DurableValue> store,
                                            const ChainId& chain_id,
                                            Slot slot,
                                            const crypto::PublicKey& key,
                                            bool ledger_is_new);

    // From now on `key` votes, bound by what is known of it: by the votes of it that were `heard`
    // and, if it was never in use, by the final block. To be called before another vote of it is
    // heard, or one is cast.
    [[nodiscard]] Result<void> use(const crypto::PublicKey& key,
                                   BlockHeight final_height,
                                   std::span<const Vote> heard);
    [[nodiscard]] bool uses(const crypto::PublicKey& key) const {
        return record_.key == crypto::key_id(key);
    }

    // The vote for `target`, on disk by now; nothing if the rules or the state do not let us, or
    // `key` is not the one in use.
    [[nodiscard]] Result<std::optional<Vote>> vote(const VoteTarget& target,
                                                   BlockHeight final_height,
                                                   const crypto::PrivateKey& key);
    // A vote of ours by the key in use, its signature checked, that came from elsewhere.
    [[nodiscard]] Result<void> on_own_vote(const Vote& vote);
    // Other members were asked and know of no vote that we do not: from kNew to kOn.
    [[nodiscard]] Result<void> begin();
    // The operator's word: vote again, above these.
    [[nodiscard]] Result<void> resume(BlockHeight vote_floor, BlockHeight source_floor);
    // Whether `record_hash` may be signed as that epoch: false if another one was. On disk by then.
    [[nodiscard]] Result<bool> claim_epoch(std::uint64_t number, const Sha256Digest& record_hash);

    [[nodiscard]] VotingState state() const noexcept { return record_.bounds.state; }
    [[nodiscard]] const std::string& why_off() const noexcept { return record_.bounds.why_off; }
    [[nodiscard]] BlockHeight vote_floor() const noexcept { return record_.bounds.vote_floor; }
    // Those remembered one by one, ascending targets.
    [[nodiscard]] const std::vector<Vote>& votes() const noexcept { return record_.votes; }

  private:
    Voter(std::unique_ptr<DurableValue> store, SafetyRecord record)
        : store_{std::move(store)}, record_{std::move(record)} {}
    [[nodiscard]] bool may_vote(const VoteTarget& target, BlockHeight final_height) const;
    // Becomes `next` once that is on disk.
    [[nodiscard]] Result<void> save(SafetyRecord next);

    std::unique_ptr<DurableValue> store_;
    SafetyRecord record_;
};

}  // namespace assay::ledger
