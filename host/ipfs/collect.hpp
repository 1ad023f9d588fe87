// Garbage collection: removes the blocks of a store that no pin keeps. A pin keeps everything below
// its root, by hand for ever, for a release until its record's retention date.
//
// Walking the pins may take minutes, so nobody waits for it: what is found then is corrected once
// nobody writes any more, and only the removal itself keeps imports and downloads waiting.
//
//     auto collection = Collection::begin(store, now, stop);
//     collection->mark(in_use) ... collection->close() ... collection->sweep(in_use, try_only)
//
// Nothing is removed unless everything that is kept is known: a pin that cannot be walked to its
// leaves, or cannot be read, ends the collection before it begins to remove. Used by `assay image
// gc` and the daemon. Calls block; one thread at a time.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "host/base/file.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

struct CollectReport {
    std::vector<Cid> pins_expired;
    std::uint64_t blocks_kept = 0;
    std::uint64_t blocks_removed = 0;
    std::uint64_t bytes_removed = 0;
    std::uint64_t damaged_removed = 0;  // files of damaged/ that nothing waits for any more
};

// Roots that are `in_use` are kept as if they were pinned, and as far as they are here: a download
// that waits for its source goes on where it was. Each step ends with std::errc::operation_canceled
// soon after `stop`.
class Collection {
  public:
    // `now` in Unix seconds. Fails with std::errc::resource_unavailable_try_again while another one
    // is under way. `store` outlives it.
    [[nodiscard]] static Result<Collection> begin(BlockStore& store,
                                                  std::uint64_t now,
                                                  std::stop_token stop = {});

    // Finds what is kept and what is not, while others read and write.
    [[nodiscard]] Result<void> mark(std::span<const Cid> in_use);
    // From here on nobody writes. Fails with std::errc::resource_unavailable_try_again while an import
    // or a download is under way.
    [[nodiscard]] Result<void> close();
    // Preconditions: mark() and close(). `in_use` as it is now. With `try_only` nothing changes; the
    // report says what would go.
    [[nodiscard]] Result<CollectReport> sweep(std::span<const Cid> in_use, bool try_only);

  private:
    friend void discard_blocks(BlockStore& store, const std::vector<Cid>& blocks);

    Collection(BlockStore& store, std::uint64_t now, std::stop_token stop)
        : store_{&store}, now_{now}, stop_{std::move(stop)} {}

    [[nodiscard]] Result<std::vector<Cid>> keep_pinned(std::span<const Cid> in_use);
    [[nodiscard]] Result<void> keep_arriving(std::span<const Cid> in_use);
    [[nodiscard]] Result<void> keep_below(const Cid& root);
    [[nodiscard]] Result<void> drop_pins(CollectReport& report);
    [[nodiscard]] Result<void> remove_blocks(CollectReport& report, bool try_only);
    [[nodiscard]] Result<void> remove_damaged(CollectReport& report, bool try_only);
    [[nodiscard]] Result<void> go_on() const;
    [[nodiscard]] bool keeps(const Cid& cid) const;

    BlockStore* store_;
    std::uint64_t now_;
    std::stop_token stop_;
    std::optional<FileLock> only_one_;
    std::optional<FileHandle> lease_;
    std::unordered_set<Cid> walked_;         // below pins, each to its leaves
    std::unordered_set<std::string> kept_;   // multihashes
    std::uint64_t blocks_ = 0;               // that were in the store
    std::vector<StoredBlock> not_kept_;      // of these
};

// All of it in one go.
[[nodiscard]] Result<CollectReport> collect_blocks(BlockStore& store,
                                                   std::uint64_t now,
                                                   bool try_only = false,
                                                   std::span<const Cid> in_use = {});

// After work that failed: removes those of `blocks` that no pin keeps, unless others write meanwhile
// (then the next collection does). Nothing else is touched.
void discard_blocks(BlockStore& store, const std::vector<Cid>& blocks);

}  // namespace assay::ipfs
