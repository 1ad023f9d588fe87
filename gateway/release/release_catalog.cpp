#include "gateway/release/release_catalog.hpp"

namespace assay::gateway {

std::string_view to_string(ReleaseStage stage) noexcept {
    switch (stage) {
        case ReleaseStage::kFound:
            return "found";
        case ReleaseStage::kRetrieving:
            return "retrieving";
        case ReleaseStage::kVerifying:
            return "verifying";
        case ReleaseStage::kReady:
            return "ready";
        case ReleaseStage::kWaiting:
            return "waiting";
        case ReleaseStage::kRefused:
            return "refused";
    }
    return "unknown";
}

void CatalogEntry::fail_with(ReleaseStage new_stage, const Error& error) {
    stage = new_stage;
    word = error.code().message();
    detail = error.context();
    image.reset();
}

bool CatalogEntry::is_withdrawn() const {
    return stage == ReleaseStage::kRefused &&
           (word == to_word(Refusal::kReleaseRecalled) || word == to_word(Refusal::kKeyRevoked));
}

CatalogEntry& ReleaseCatalog::add(KnownRelease release) {
    const ledger::LeafHash leaf = release.leaf;
    CatalogEntry entry;
    entry.release = std::move(release);
    return entries_.try_emplace(leaf, std::move(entry)).first->second;
}

CatalogEntry* ReleaseCatalog::find(const ledger::LeafHash& leaf) {
    const auto found = entries_.find(leaf);
    return found == entries_.end() ? nullptr : &found->second;
}

const CatalogEntry* ReleaseCatalog::find(const ledger::LeafHash& leaf) const {
    const auto found = entries_.find(leaf);
    return found == entries_.end() ? nullptr : &found->second;
}

const CatalogEntry* ReleaseCatalog::newest_ready(const ledger::ReleaseKey& target,
                                                 const Condition& counts) const {
    const CatalogEntry* newest = nullptr;
    for (const auto& [leaf, entry] : entries_) {
        const ledger::ReleaseRecord& record = entry.release.record;
        if (entry.stage != ReleaseStage::kReady || record.vendor != target.vendor ||
            record.device_class != target.device_class || record.component != target.component) {
            continue;
        }
        const bool is_newer = newest == nullptr || newest->release.record.sequence < record.sequence;
        if (is_newer && counts(entry)) newest = &entry;
    }
    return newest;
}

}  // namespace assay::gateway
