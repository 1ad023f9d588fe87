// What the consortium ledger knows: policies, releases, recalls and statuses, with the indexes to
// find them by. Written by the rules (consortium_rules.hpp), read by gateways and tools.
//
// State keys:  'p' vendor                    -> [leaf, log index, owner slot, policy], the newest
//              'P' vendor version            -> the same, all there were
//              'r' vendor class component    -> [leaf, log index, sequence], the newest
//              'l' vendor class component 0 sequence -> the same, all there were
//              'n' leaf                      -> [vendor, class, component, sequence, log index,
//                                               [key id]]
//              'd' SHA-256 leaf, 'i' size CID leaf   -> "": images
//              'x' leaf                      -> [leaf, log index, recall]
//              's' vendor class component    -> [leaf, log index, status], the newest
//              'S' vendor class component    -> the one before it
//              'a' chain slot                -> [leaf, log index, anchor], the gateway's newest
//              'A' chain slot                -> the one before it
//              'q' slot                      -> [valid until] of its newest anchor of any chain
// Numbers in keys are big-endian. Pure; reading anything that is not there gives nothing.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/ledger_anchor.hpp"
#include "ledger/core/recall_record.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/rule_set.hpp"
#include "ledger/core/status_record.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::ledger {

struct PolicyEntry {
    LeafHash leaf;  // names the transaction
    LogIndex log_index = 0;
    Slot owner = 0;  // the OEM
    VendorPolicy policy;
};
[[nodiscard]] std::optional<PolicyEntry> find_policy(const StateView& state, const Uuid& vendor);
// The newest one that stands in the log before `index`: the one a release there was held to.
[[nodiscard]] std::optional<PolicyEntry> policy_before(const StateView& state,
                                                       const Uuid& vendor,
                                                       LogIndex index);
void for_each_policy(const StateView& state, const std::function<bool(const PolicyEntry&)>& visit);

struct ReleaseKey {
    Uuid vendor{}, device_class{};
    std::string component;
    friend bool operator==(const ReleaseKey&, const ReleaseKey&) = default;
};
struct ReleaseEntry {
    ReleaseKey key;
    LeafHash leaf;
    LogIndex log_index = 0;
    std::uint64_t sequence = 0;
};
[[nodiscard]] std::optional<ReleaseEntry> newest_release(const StateView& state,
                                                         const ReleaseKey& key);
[[nodiscard]] std::optional<ReleaseEntry> find_release_entry(const StateView& state,
                                                             const LeafHash& leaf);

// What is given must match.
struct ReleaseFilter {
    std::optional<Uuid> vendor{}, device_class{};
    std::optional<std::string> component{};
    std::optional<std::uint64_t> sequence{};
};
// Every release on the ledger that passes, by vendor, class, component and ascending sequence,
// until `visit` returns false.
void for_each_release(const StateView& state,
                      const ReleaseFilter& filter,
                      const std::function<bool(const ReleaseEntry&)>& visit);
void for_each_release(const StateView& state,
                      const std::function<bool(const ReleaseEntry&)>& visit);
// The releases that hold an image with this SHA-256, or this CID (binary).
[[nodiscard]] std::vector<LeafHash> releases_with_digest(const StateView& state,
                                                         const Sha256Digest& digest);
[[nodiscard]] std::vector<LeafHash> releases_with_cid(const StateView& state, ByteView cid);

struct RecallEntry {
    LeafHash leaf;
    LogIndex log_index = 0;
    RecallRecord recall;
};
[[nodiscard]] std::optional<RecallEntry> find_recall(const StateView& state,
                                                     const LeafHash& release);
void for_each_recall(const StateView& state, const std::function<bool(const RecallEntry&)>& visit);

struct StatusEntry {
    LeafHash leaf;
    LogIndex log_index = 0;
    StatusRecord status;
};
// The newest below `log_size`; of what lies further back than the last two, nothing.
[[nodiscard]] std::optional<StatusEntry> status_below(const StateView& state,
                                                      const ReleaseKey& key,
                                                      LogIndex log_size);
[[nodiscard]] std::optional<StatusEntry> newest_status(const StateView& state,
                                                       const ReleaseKey& key);

struct AnchorEntry {
    LeafHash leaf;
    LogIndex log_index = 0;
    Slot slot = 0;  // of the gateway
    LedgerAnchor anchor;
};
[[nodiscard]] std::optional<AnchorEntry> newest_anchor(const StateView& state,
                                                       const ChainId& chain,
                                                       Slot slot);
// Each gateway's newest of each ledger.
void for_each_anchor(const StateView& state, const std::function<bool(const AnchorEntry&)>& visit);
// Of every gateway the last two, for that gateway ledger.
[[nodiscard]] std::vector<AnchorEntry> anchors_of(const StateView& state, const ChainId& chain);
// Of the slot's newest anchor; none: it has written none.
[[nodiscard]] std::optional<BlockHeight> last_anchor_valid_until(const StateView& state, Slot slot);

// The revocation of a key that signed the release, if one was revoked.
struct SigningKeyRevoked {
    LeafHash leaf;            // of the revocation
    LogIndex revoked_at = 0;  // its log index
    // The release stands behind the point from which the key is not to be believed. If not, it was
    // signed in time and stays good: the key was revoked later.
    bool is_tainted = false;
};
[[nodiscard]] std::optional<SigningKeyRevoked> signing_key_revoked(const StateView& state,
                                                                   const LeafHash& release);

// For consortium_rules.cpp alone.
void put_policy(StateWriter& state,
                const Transaction& tx,
                LogIndex index,
                const VendorPolicy& policy);
void put_release(StateWriter& state,
                 const Transaction& tx,
                 LogIndex index,
                 const ReleaseRecord& release);
void put_recall(StateWriter& state, const Transaction& tx, LogIndex index, const LeafHash& release);
void put_status(StateWriter& state, const Transaction& tx, LogIndex index, const ReleaseKey& key);
void put_anchor(StateWriter& state,
                const Transaction& tx,
                LogIndex index,
                const LedgerAnchor& anchor);

}  // namespace assay::ledger
