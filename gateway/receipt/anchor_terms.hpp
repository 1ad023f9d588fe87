// How often the gateway ledger is anchored on the consortium ledger (anchor_writer.hpp), as assay.toml
// says it.

#pragma once

#include <chrono>

#include "ledger/core/ids.hpp"

namespace assay::gateway {

// [gateway] anchor_blocks, anchor_age: whichever comes first.
struct AnchorTerms {
    ledger::BlockHeight blocks = 64;  // of the gateway ledger, since the one that is anchored
    std::chrono::seconds age{3600};   // of that block
};

}  // namespace assay::gateway
