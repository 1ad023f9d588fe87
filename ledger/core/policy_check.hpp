// Whether a release carries the signatures its vendor's policy asks for (docs/formats.md, section
// 6). The same check is a consensus rule and step 6 of a device. Pure.

#pragma once

#include "ledger/core/transaction.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::ledger {

// Exactly `threshold` valid signatures of distinct keys of the policy, in ascending order of slots,
// or exactly one by a delegated key that may sign `component`. Otherwise kSignerUnknown,
// kSignatureInvalid, kThresholdNotMet or kSignerNotPermitted; kMalformed if the order is wrong,
// since a release must have one form only.
[[nodiscard]] Result<void> release_policy_satisfied(const Transaction& tx,
                                                    std::string_view component,
                                                    const VendorPolicy& policy);

}  // namespace assay::ledger
