// Scrubbing: reads every block of a store again, hashes it on the compute engine, and sets aside what
// has rotted on the disk, so that nobody is offered it and it can be fetched anew.
//
// Takes at most a share of the time (the rest it sleeps), and goes on where it was stopped, by a file
// in the store. Used by `assay image verify` and, at a small share, by the daemon. Blocks.

#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

struct ScrubOptions {
    double share = 1.0;      // of the time, above 0 and at most 1
    bool from_start = true;  // false: where the last one was stopped
    std::stop_token stop;
    // Called for each damaged block once it is out of the way: whoever can fetch it does.
    std::function<void(const Cid& cid)> on_damaged;
    std::function<void(std::uint64_t bytes_done)> on_progress;
};

struct ScrubReport {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
    std::vector<Cid> damaged;  // under the raw codec: a file's name does not say which it had
    bool finished = false;     // false: stopped before
};

[[nodiscard]] Result<ScrubReport> scrub_blocks(BlockStore& store,
                                               compute::HashEngine& engine,
                                               const ScrubOptions& options);

}  // namespace assay::ipfs
