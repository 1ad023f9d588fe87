// The rules of the consortium ledger: vendor policies, releases, recalls and statuses, and the
// governance that both ledgers have. The state they build is read through consortium_state.hpp.
// Pure; the rule set has no state of its own and may be shared by threads.

#pragma once

#include "ledger/core/consortium_state.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

// A sequence may rise by so much at a time (R9): whoever may sign one release, a delegated supplier
// say, cannot use up all numbers at once.
inline constexpr std::uint64_t kSequenceStepMax = std::uint64_t{1} << 32;

[[nodiscard]] const RuleSet& consortium_rules();

}  // namespace assay::ledger
