// What a gateway knows of one device, in order: every receipt it took, what it says, and where on the
// gateway ledger it is; the rollouts that offered it something; what it is assigned. For people and
// tools that look, not for proofs: those are case files (case_builder.hpp). Io thread only.

#pragma once

#include <boost/json/object.hpp>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/investigation/case_builder.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "gateway/release/release_lookup.hpp"

namespace assay::gateway {

// The newest `receipts_max` receipts. Fails if a stored one cannot be read, and as
// check_readable() does.
[[nodiscard]] Result<boost::json::object> device_history(const Device& device,
                                                         const ReceiptStore& receipts,
                                                         const FinalLedger& receipts_ledger,
                                                         const ConsortiumView& consortium,
                                                         std::size_t receipts_max = 10'000);

}  // namespace assay::gateway
