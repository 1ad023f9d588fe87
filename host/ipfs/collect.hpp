// Garbage collection: removes the blocks of a store that no pin keeps. A pin keeps everything below
// its root, by hand for ever, for a release until its record's retention date.
//
// Nothing is removed unless everything that is kept is known: a pin that cannot be walked to its
// leaves, or cannot be read, ends the collection before it begins to remove. Used by `assay image
// gc` and the daemon. Blocks.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/result.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

struct CollectReport {
    std::vector<Cid> pins_expired;
    std::uint64_t blocks_kept = 0;
    std::uint64_t blocks_removed = 0;
    std::uint64_t bytes_removed = 0;
};

// `now` in Unix seconds. With `try_only` nothing changes; the report says what would go. Roots that are
// `in_use` are kept as if they were pinned, and as far as they are here: a download that waits for its
// source goes on where it was. Fails with std::errc::resource_unavailable_try_again while an import or a
// download is under way.
[[nodiscard]] Result<CollectReport> collect_blocks(BlockStore& store,
                                                   std::uint64_t now,
                                                   bool try_only = false,
                                                   std::span<const Cid> in_use = {});

// After work that failed: removes those of `blocks` that no pin keeps, unless others write meanwhile
// (then the next collection does). Nothing else is touched.
void discard_blocks(BlockStore& store, const std::vector<Cid>& blocks);

}  // namespace assay::ipfs
