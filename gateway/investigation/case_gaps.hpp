// What a case file that was found good shows to be whole, and what it does not, in sentences: gaps
// between counters and batch numbers, receipts that wait, releases that are named and not proved. Part
// of case_check.cpp. Pure.

#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gateway/investigation/case_check.hpp"

namespace assay::gateway {

// What the judge came across.
struct CaseSeen {
    std::map<ledger::LeafHash, std::uint64_t> releases;  // with their log index
    struct Batch {
        std::string gateway;
        std::uint64_t number = 0;
        std::uint64_t consortium_size = 0;  // of the log, as the gateway had it
        std::uint64_t index = 0;            // in the log
        std::uint64_t count = 0;            // of its receipts, as it says
        std::uint64_t first_time = 0, last_time = 0;  // when they were taken, as it says
        std::array<std::uint64_t, ledger::kReceiptEvents> events{};  // as it says
        std::array<std::uint64_t, ledger::kReceiptEvents> here{};    // in the file, by their place
    };
    std::vector<Batch> batches;  // ascending per gateway
    // Of each device and key, ascending; kGateway: what the gateway attested of it.
    static constexpr crypto::KeyId kGateway{};
    using Series = std::pair<std::string, crypto::KeyId>;
    std::map<Series, std::vector<std::uint32_t>> counters;
    std::set<Series> unchecked;  // with a receipt whose key is not in the file: anybody may have made it
    bool is_file_key_on_ledger = false;  // a batch in the file is signed by the key that signed it
};

// Into whole, missing and noted of the report.
void name_gaps(const CaseFile& file, const CaseSeen& seen, CaseReport& report);

}  // namespace assay::gateway
