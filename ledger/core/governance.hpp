// The rules by which members change the consortium (docs/ledger-rules.md, M): proposals and
// approvals, rotation and revocation of keys, epochs. Shared by the rule sets of both ledgers;
// used by nothing else. Pure.

#pragma once

#include "ledger/core/governance_state.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

[[nodiscard]] bool is_governance(TxType type) noexcept;

// M1 to M10 and M12 to M15 of a transaction for which is_governance() holds.
[[nodiscard]] Result<void> check_governance(const Transaction& tx,
                                            const StateView& state,
                                            const TxContext& context);
void apply_governance(const Transaction& tx, LogIndex index, StateWriter& state);

// Proposals, approvals and rotations end in an epoch, and the registry tells what came of them. Epochs
// and revocations are what devices are shown.
[[nodiscard]] bool is_governance_kept(TxType type) noexcept;

// M11, for transactions of every type: none of its keys is revoked.
[[nodiscard]] Result<void> check_keys_not_revoked(const Transaction& tx, const StateView& state);

}  // namespace assay::ledger
