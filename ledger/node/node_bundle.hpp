// The chain's side of bundles (ledger/net/bundle.hpp): what of it goes into a part, and what a part
// does to it. Used by Node; the bench of syncing too.

#pragma once

#include "ledger/chain/chain.hpp"
#include "ledger/net/bundle.hpp"

namespace assay::ledger {

// Blocks of the best chain from `since` on, as many as a part should hold. The last part has the
// newest certificates and waiting transactions too; the checkpoint is the caller's to add.
[[nodiscard]] BundlePart make_bundle_part(const Chain& chain, BlockHeight since);

struct BundleOutcome {
    std::uint64_t blocks = 0;        // taken in
    std::uint64_t known = 0;         // were here already
    std::uint64_t transactions = 0;  // wait now
    bool tip_changed = false;
};

// Takes in what is new, each block by the rules for blocks of peers. Stops at the first that is refused:
// those before it stay.
[[nodiscard]] Result<BundleOutcome> take_bundle_part(Chain& chain,
                                                     const BundlePart& part,
                                                     Timestamp now);

}  // namespace assay::ledger
