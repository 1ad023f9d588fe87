// Several case files that were found good, taken together: a device that used two gateways has its
// receipts in the files of both, and one whose acknowledgement was lost may have a receipt on the
// ledger twice, which no file alone shows. Used by `assay verify FILE...`. Pure.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "gateway/investigation/case_check.hpp"

namespace assay::gateway {

// Sentences, as in CaseReport.
struct CaseMerge {
    std::vector<std::string> whole, missing, noted;
};

// By the key that signed a receipt and its counter; what gateways attest they count each for itself.
[[nodiscard]] CaseMerge merge_cases(std::span<const CaseReport> reports);

}  // namespace assay::gateway
