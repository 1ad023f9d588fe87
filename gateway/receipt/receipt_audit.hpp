// Checks the promise "every acknowledged receipt is on the gateway ledger exactly once" against the
// ledger itself: reads each batch transaction back from the chain, computes its root from the stored
// receipts, and compares how many batches the ledger counts with those that are here. For people and
// tests; reads everything, so not for every request.

#pragma once

#include <cstdint>

#include "gateway/receipt/receipt_store.hpp"
#include "host/base/result.hpp"
#include "ledger/chain/chain.hpp"

namespace assay::gateway {

struct ReceiptAudit {
    std::uint64_t stored = 0;
    std::uint64_t on_ledger = 0;        // under the root of a batch on the chain
    std::uint64_t on_ledger_twice = 0;  // under two, or twice under one
    std::uint64_t missing = 0;          // acknowledged, and in no batch on the chain
    std::uint64_t batches = 0;          // of this gateway on the chain, with their receipts here
    std::uint64_t batches_lost = 0;     // on the chain, and their receipts are not here
};

// `slot` is this gateway's. Fails if a stored receipt, or the ledger, cannot be read.
[[nodiscard]] Result<ReceiptAudit> audit_receipts(const ReceiptStore& store,
                                                  const ledger::Chain& chain,
                                                  ledger::Slot slot);

}  // namespace assay::gateway
