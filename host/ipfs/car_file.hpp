// Images on their way between stores: a DAG written to a CAR file, a CAR file taken into a store.
// Every block is checked against its CID on both ways. Used by `assay image export|import`. Blocks.

#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

struct CarFileReport {
    std::vector<Cid> roots;
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;  // of the blocks
};

using CarProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Version 1, depth first, each block once. Fails if a block is missing or damaged; then no file is
// left behind.
[[nodiscard]] Result<CarFileReport> export_car(const BlockStore& store,
                                               const Cid& root,
                                               const std::filesystem::path& path);

// Takes every block, then pins each root by hand. Fails if a block is not what its CID says, has a
// hash function that is not ours, or if something below a root is neither in the file nor in the
// store; then nothing of the file stays.
[[nodiscard]] Result<CarFileReport> import_car(const std::filesystem::path& path,
                                               compute::HashEngine& engine,
                                               BlockStore& store,
                                               const CarProgress& progress = {});

// Whether the blocks of a CAR file are what their CIDs say, in bulk on the engine; nothing is stored.
[[nodiscard]] Result<CarFileReport> check_car(const std::filesystem::path& path,
                                              compute::HashEngine& engine);

}  // namespace assay::ipfs
