// What this gateway holds of each release it has found: how far it is, why it was refused, and,
// once it is ready, the image. The update flow fills it; dispatch, the agents' API and the
// operator's read it. Io thread only.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateway/release/release_lookup.hpp"
#include "host/ipfs/image_reader.hpp"

namespace assay::gateway {

enum class ReleaseStage { kFound, kRetrieving, kVerifying, kReady, kWaiting, kRefused };
// "found", "retrieving", "verifying", "ready", "waiting" (to be tried again), "refused"
[[nodiscard]] std::string_view to_string(ReleaseStage stage) noexcept;

struct CatalogEntry {
    KnownRelease release;
    ReleaseStage stage = ReleaseStage::kFound;
    std::uint64_t bytes_retrieved = 0;
    std::string word;                                // why it is refused or waiting
    std::string detail;                              // the same for people
    std::shared_ptr<const ipfs::ImageReader> image;  // set exactly when ready

    void fail_with(ReleaseStage new_stage, const Error& error);
    // Recalled, or signed with a key that was revoked; not refused for what it is.
    [[nodiscard]] bool is_withdrawn() const;
};

class ReleaseCatalog {
  public:
    // The entry of `release`, new or as it was. References stay valid.
    CatalogEntry& add(KnownRelease release);
    [[nodiscard]] CatalogEntry* find(const ledger::LeafHash& leaf);
    [[nodiscard]] const CatalogEntry* find(const ledger::LeafHash& leaf) const;

    // The ready release with the highest sequence for that target, of those that `counts` lets
    // pass; null if there is none.
    using Condition = std::function<bool(const CatalogEntry&)>;
    [[nodiscard]] const CatalogEntry* newest_ready(
        const ledger::ReleaseKey& target,
        const Condition& counts = [](const CatalogEntry&) { return true; }) const;

    [[nodiscard]] const std::map<ledger::LeafHash, CatalogEntry>& entries() const noexcept {
        return entries_;
    }

  private:
    std::map<ledger::LeafHash, CatalogEntry> entries_;
};

}  // namespace assay::gateway
