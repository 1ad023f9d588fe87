// The rules of the consortium ledger: releases and vendor policies, and the state they build.
//
// State keys:  'p' || vendor                                 -> CBOR [leaf, log index, owner slot,
// policy]
//              'r' || vendor || class || component           -> CBOR [leaf, log index, sequence]
//              'l' || vendor || class || component || 0 || sequence, big-endian -> CBOR [leaf, log
//              index]
// Pure; the rule set has no state of its own and may be shared by threads.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ledger/core/release_record.hpp"
#include "ledger/core/rule_set.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::ledger {

[[nodiscard]] const RuleSet& consortium_rules();

struct PolicyEntry {
    LeafHash leaf;  // names the transaction
    LogIndex log_index = 0;
    Slot owner = 0;  // the OEM
    VendorPolicy policy;
};
[[nodiscard]] std::optional<PolicyEntry> find_policy(const StateView& state, const Uuid& vendor);

struct ReleaseKey {
    Uuid vendor{}, device_class{};
    std::string component;
};
struct ReleaseEntry {
    ReleaseKey key;
    LeafHash leaf;
    LogIndex log_index = 0;
    std::uint64_t sequence = 0;
};
[[nodiscard]] std::optional<ReleaseEntry> newest_release(const StateView& state,
                                                         const ReleaseKey& key);
// Every release on the ledger, by vendor, class, component and ascending sequence, until `visit`
// returns false.
void for_each_release(const StateView& state,
                      const std::function<bool(const ReleaseEntry&)>& visit);

}  // namespace assay::ledger
