// The rules of the gateway ledger: receipt batches, one unbroken sequence per gateway, and the
// governance that both ledgers have.
//
// State key:  'b' || slot, big-endian -> CBOR [batch number, root, leaf, log index,
//                                      consortium height, block id, log size]
// Pure; the rule set has no state of its own and may be shared by threads.

#pragma once

#include <optional>

#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

[[nodiscard]] const RuleSet& gateway_rules();

struct BatchEntry {
    std::uint64_t batch_no = 0;
    LogHash root;
    LeafHash leaf;
    LogIndex log_index = 0;
    ConsortiumHead consortium;
};
[[nodiscard]] std::optional<BatchEntry> last_batch(const StateView& state, Slot slot);

// Rule G4: whether a batch may name `head` when the gateway's batch before named `last`.
[[nodiscard]] bool may_follow(const ConsortiumHead& head, const ConsortiumHead& last);

}  // namespace assay::ledger
