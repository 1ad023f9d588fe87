#include "gateway/release/release_lookup.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

bool same_target(const ledger::ReleaseKey& a, const ledger::ReleaseKey& b) {
    return a.vendor == b.vendor && a.device_class == b.device_class && a.component == b.component;
}

std::vector<KnownRelease> read_all(const ConsortiumView& view,
                                   const std::vector<ledger::ReleaseEntry>& entries) {
    std::vector<KnownRelease> releases;
    for (const ledger::ReleaseEntry& entry : entries) {
        // On the ledger, so it was decoded and checked when its block was connected.
        if (auto release = find_release(view, entry.leaf)) releases.push_back(std::move(*release));
    }
    return releases;
}

}  // namespace

const ledger::ReleaseImage* KnownRelease::full_image() const noexcept {
    const auto found = std::find_if(
        record.images.begin(), record.images.end(),
        [](const ledger::ReleaseImage& image) { return image.role == ledger::ImageRole::kFull; });
    return found == record.images.end() ? nullptr : &*found;
}

std::optional<Error> withdrawal_of(const ConsortiumView& view, const ledger::LeafHash& release) {
    const auto recall = ledger::find_recall(view.state, release);
    if (recall && recall->log_index < view.final_size) {
        return Error(make_error_code(Refusal::kReleaseRecalled),
                     "recalled: " + std::string(to_string(recall->recall.reason)));
    }
    const auto revoked = ledger::signing_key_revoked(view.state, release);
    if (revoked && revoked->is_tainted && revoked->revoked_at < view.final_size) {
        return Error(make_error_code(Refusal::kKeyRevoked), "a key that signed it was revoked");
    }
    return std::nullopt;
}

std::vector<KnownRelease> newest_final_releases(const ConsortiumView& view) {
    // Sequences ascend within a target, so the last final one of each run is the newest.
    std::vector<ledger::ReleaseEntry> newest;
    ledger::for_each_release(view.state, [&](const ledger::ReleaseEntry& entry) {
        if (entry.log_index >= view.final_size || withdrawal_of(view, entry.leaf)) return true;
        if (!newest.empty() && same_target(newest.back().key, entry.key)) newest.pop_back();
        newest.push_back(entry);
        return true;
    });
    return read_all(view, newest);
}

std::vector<KnownRelease> all_releases(const ConsortiumView& view) {
    std::vector<ledger::ReleaseEntry> entries;
    ledger::for_each_release(view.state, [&](const ledger::ReleaseEntry& entry) {
        entries.push_back(entry);
        return true;
    });
    return read_all(view, entries);
}

Result<KnownRelease> find_release(const ConsortiumView& view, const ledger::LeafHash& leaf) {
    const auto found = view.transaction(leaf);
    if (!found) return fail(Refusal::kReleaseUnknown, "no release " + to_hex(leaf.view()));
    const auto tx = ledger::decode_transaction(found->bytes);
    if (!tx) return fail(Error(tx.error()));
    if (tx->body.type != ledger::TxType::kRelease) {
        return fail(Refusal::kReleaseUnknown, to_hex(leaf.view()) + " is not a release");
    }
    auto record = ledger::decode_release(tx->body.body);
    if (!record) return fail(std::move(record).error());

    KnownRelease release;
    release.leaf = leaf;
    release.log_index = found->log_index;
    release.height = found->height;
    release.final = found->log_index < view.final_size;
    release.issuer = tx->issuer;
    release.record = std::move(*record);
    return release;
}

}  // namespace assay::gateway
