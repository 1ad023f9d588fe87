// UnixFS files as they lie in a store, without a release record: what is below a CID, what is missing
// of it, and its bytes. Used by `assay image get|stat|verify`. Blocks.

#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

struct StoredDag {
    std::string kind;              // "file", "directory", "raw leaf"..., of the root
    std::uint64_t file_bytes = 0;  // of a file
    std::uint64_t blocks = 0;      // that are here
    std::uint64_t block_bytes = 0;
    // As far as is known: what is below a missing or damaged node is not.
    std::vector<Cid> missing;
    std::vector<Cid> damaged;

    [[nodiscard]] bool whole() const noexcept { return missing.empty() && damaged.empty(); }
};

using StoredProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Nodes are hashed; leaves only with an engine. The root must be here.
[[nodiscard]] Result<StoredDag> inspect_dag(const BlockStore& store,
                                            const Cid& root,
                                            compute::HashEngine* engine,
                                            const StoredProgress& progress = {});

// Writes the file's bytes to `path`, each block hashed before; on failure there is no file. Fails
// with std::errc::is_a_directory if `root` is one. Returns the number of bytes.
[[nodiscard]] Result<std::uint64_t> write_stored_file(const BlockStore& store,
                                                      const Cid& root,
                                                      compute::HashEngine& engine,
                                                      const std::filesystem::path& path,
                                                      const StoredProgress& progress = {});

}  // namespace assay::ipfs
