// Evidence: two votes by which one node contradicts itself (rules V1 and V2), put on record. It
// changes nothing by itself: removing a member is for the members to propose (docs/ledger-rules.md,
// E; docs/formats.md, section 5, type 10). Both ledgers know it. Pure.
//
// State key:  'v' slot epoch -> [leaf, log index, evidence], numbers big-endian.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/core/rule_set.hpp"
#include "ledger/core/vote.hpp"

namespace assay::ledger {

struct Evidence {
    Vote first, second;  // of one slot and epoch
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

[[nodiscard]] Bytes encode_evidence(const Evidence& evidence);
// Fails unless both votes are by one slot in one epoch.
[[nodiscard]] Result<Evidence> decode_evidence(ByteView input);

// "evidence/<slot>/<epoch>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const Evidence& evidence);

// E1 to E6 of a transaction of type evidence.
[[nodiscard]] Result<void> check_evidence(const Transaction& tx,
                                          const StateView& state,
                                          const TxContext& context);
void apply_evidence(const Transaction& tx, LogIndex index, StateWriter& state);

struct EvidenceEntry {
    LeafHash leaf;
    LogIndex log_index = 0;
    Evidence evidence;
};
[[nodiscard]] bool is_recorded(const StateView& state, Slot slot, std::uint32_t epoch);
// All there is, by slot and epoch.
[[nodiscard]] std::vector<EvidenceEntry> all_evidence(const StateView& state);

}  // namespace assay::ledger
