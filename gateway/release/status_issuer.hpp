// Keeps the statuses of this member's vendors fresh: whenever a release or a recall makes another
// release the current one, and each status period, it signs one with the node's tx key, if the
// vendor's policy names that as status key. Io thread only.

#pragma once

#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/consortium_state.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// What `self` should state now, one record for each component: nothing while the last status names
// the newest release that was not withdrawn and is younger than `period` (seconds, like `now`).
[[nodiscard]] std::vector<ledger::StatusRecord> due_statuses(const ledger::StateView& state,
                                                             const ledger::Member& self,
                                                             std::uint64_t now,
                                                             std::uint64_t period);

class StatusIssuer {
  public:
    // Looks at every new tip of `consortium`, which outlives it, like `clock`.
    StatusIssuer(ledger::Node& consortium, std::string name, const Clock& clock);
    StatusIssuer(const StatusIssuer&) = delete;
    StatusIssuer& operator=(const StatusIssuer&) = delete;

  private:
    void issue();

    ledger::Node& consortium_;
    const std::string name_;
    const Clock& clock_;
};

}  // namespace assay::gateway
