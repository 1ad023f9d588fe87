// Which releases this node may believe: those that are on the consortium ledger and final, that is,
// under the newest checkpoint with a quorum of cosignatures. Used by the update flow, the REST
// interface and the receipts. Reads the node's state; io thread only.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct KnownRelease {
    ledger::LeafHash leaf;
    ledger::LogIndex log_index = 0;
    ledger::BlockHeight height = 0;
    std::string issuer;  // the member that signed (first)
    bool final = false;
    ledger::ReleaseRecord record;

    // The part a device with A/B slots installs; null if the release has none.
    [[nodiscard]] const ledger::ReleaseImage* full_image() const noexcept;
};

// What the lookup needs of the consortium node, so that it can be tested without a network.
struct ConsortiumView {
    const ledger::StateView& state;
    std::uint64_t final_size;  // leaves under the newest checkpoint with a quorum
    std::function<std::optional<ledger::FoundTransaction>(const ledger::LeafHash&)> transaction;
};
[[nodiscard]] inline ConsortiumView view_of(const ledger::Node& consortium) {
    const auto& checkpoint = consortium.checkpoint();
    const ledger::Chain& chain = consortium.chain();
    return {chain.state(), checkpoint ? checkpoint->size : 0,
            [&chain](const ledger::LeafHash& leaf) { return chain.find(leaf); }};
}

// Why nothing offers the release any more, once that is final: it was recalled, or the key that
// signed it was not to be believed then (release-recalled, key-revoked).
[[nodiscard]] std::optional<Error> withdrawal_of(const ConsortiumView& view,
                                                 const ledger::LeafHash& release);

// Of each (vendor, class, component) the final release with the highest sequence that was not
// withdrawn.
[[nodiscard]] std::vector<KnownRelease> newest_final_releases(const ConsortiumView& view);

// All that are on the ledger, final or not, by vendor, class, component and ascending sequence.
[[nodiscard]] std::vector<KnownRelease> all_releases(const ConsortiumView& view);

// Fails with Refusal::kReleaseUnknown if the ledger has no release of that name.
[[nodiscard]] Result<KnownRelease> find_release(const ConsortiumView& view,
                                                const ledger::LeafHash& leaf);

}  // namespace assay::gateway
