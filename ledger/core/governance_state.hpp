// Members, epochs, proposals and revoked keys as part of the rule set's state, so that a
// reorganisation undoes them. Both ledgers keep it; the rules that change it are in governance.hpp.
//
// State keys:  'g' 'm' slot          -> member
//              'g' 'e'               -> record of the epoch in force
//              'g' '0'               -> record of epoch 0
//              'g' 'E' number        -> [epoch transition, leaf, log index]: what devices need
//              'g' 'c' log index     -> [leaf, slot, change]: changes that wait for their epoch
//              'g' 'p' leaf          -> [log index, proposer, [approvals], proposal]: not passed
//              'g' 'q' slot leaf     -> its last height: the proposals of a member
//              'g' 'o' key id        -> slot: tx keys that were replaced
//              'g' 'k' key id        -> [slot, log index, since, leaf]: revoked keys
//              'g' 's' parameter     -> value
// Numbers in keys are big-endian. Pure; reading anything that is not there gives nothing.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/registry_change.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

// Writes the members and epoch 0 of the genesis into an empty state.
void found_governance(const Genesis& genesis, const ChainId& chain_id, StateWriter& state);

// Null if the state was never founded.
[[nodiscard]] std::shared_ptr<const Registry> load_registry(const StateView& state);
[[nodiscard]] std::optional<EpochRecord> current_epoch(const StateView& state);
// The record of an epoch up to the one in force.
[[nodiscard]] std::optional<EpochRecord> epoch_record(const StateView& state, std::uint64_t number);
// The parameter as members have set it, or as the genesis has it.
[[nodiscard]] std::uint64_t param_of(const StateView& state,
                                     ChangeableParam param,
                                     const ChainParams& genesis);

struct PendingChange {
    LogIndex order = 0;  // of the transaction that completed it
    LeafHash leaf;       // its name
    RegistryChange change;
};
// Oldest first: the order in which epochs will apply them.
[[nodiscard]] std::vector<PendingChange> pending_changes(const StateView& state);

// The next epoch: what the oldest pending change makes of the registry. Everyone who has the state
// computes the same record, which is what members sign.
struct DueEpoch {
    PendingChange cause;
    EpochRecord record;
};
[[nodiscard]] std::optional<DueEpoch> due_epoch(const StateView& state);

struct EpochEntry {
    Bytes transition;  // encoded, as a device proof carries it
    LeafHash leaf;
    LogIndex log_index = 0;
};
// Of an epoch from 1 to the one in force.
[[nodiscard]] std::optional<EpochEntry> epoch_entry(const StateView& state, std::uint64_t number);

struct ProposalEntry {
    LeafHash leaf;
    LogIndex log_index = 0;
    Slot proposer = 0;
    std::vector<Slot> approvals;  // ascending
    Proposal proposal;
};
[[nodiscard]] std::optional<ProposalEntry> find_proposal(const StateView& state,
                                                         const LeafHash& leaf);
// Those that have not passed, in no particular order; some may have ended. At most
// kProposalsPerMemberMax of each member that ever was.
inline constexpr std::size_t kProposalsPerMemberMax = 16;
[[nodiscard]] std::vector<ProposalEntry> all_proposals(const StateView& state);

struct ProposalEnd {
    BlockHeight expires = 0;
    LeafHash leaf;
    friend auto operator<=>(const ProposalEnd&, const ProposalEnd&) = default;
};
// Of one member, the one that ends first in front.
[[nodiscard]] std::vector<ProposalEnd> proposals_of(const StateView& state, Slot proposer);

struct RevokedKey {
    Slot slot = 0;
    LogIndex revoked_at = 0;  // its signatures from here on are refused
    LogIndex since = 0;       // those from here on are not believed
    LeafHash leaf;            // of the revocation
};
[[nodiscard]] std::optional<RevokedKey> find_revocation(const StateView& state,
                                                        const crypto::KeyId& key);
// The member whose tx key this was before it was replaced.
[[nodiscard]] std::optional<Slot> former_owner(const StateView& state, const crypto::KeyId& key);

// For governance.cpp alone.
void put_member(StateWriter& state, const Member& member);
void put_epoch(StateWriter& state,
               const EpochTransition& next,
               const LeafHash& leaf,
               LogIndex index);
void put_pending(StateWriter& state, const PendingChange& pending);
void erase_pending(StateWriter& state, LogIndex order);
void put_proposal(StateWriter& state, const ProposalEntry& entry);
void erase_proposal(StateWriter& state, Slot proposer, const LeafHash& leaf);
void put_former_key(StateWriter& state, const crypto::KeyId& key, Slot slot);
void put_revocation(StateWriter& state, const crypto::KeyId& key, const RevokedKey& revoked);
void put_param(StateWriter& state, ChangeableParam param, std::uint64_t value);

}  // namespace assay::ledger
