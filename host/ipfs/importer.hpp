// Turns a file into blocks of the content store. The CID equals what Kubo, Helia and ipfs-car give
// for the same profile (IPIP-499), so anyone can recompute it from a release record.
//
// Used by `assay image add` and `assay release publish`. Files may be larger than memory: they pass
// through in windows of 8 MiB, while the next one is read, the last one written and the digest of
// the whole file taken by other threads. Blocks; call it from a thread that may.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// Narrower trees would have more interior nodes than a retriever accepts (dag_walk.hpp).
inline constexpr std::uint32_t kWidthMin = 128;
inline constexpr std::uint32_t kWidthMax = 16'384;

enum class LeafFormat { kRaw, kDagPb };

// kRaw goes with CIDs of version 1, kDagPb with version 0.
struct ImportProfile {
    std::string name;
    std::uint64_t chunk_bytes = 0;
    std::uint32_t width = 0;
    LeafFormat leaves = LeafFormat::kRaw;
};

[[nodiscard]] ImportProfile unixfs_v1_2025();
[[nodiscard]] ImportProfile unixfs_v0_2015();
// By name. The error lists the names there are.
[[nodiscard]] Result<ImportProfile> find_profile(std::string_view name);
// Whether blocks and nodes of such an import can be fetched again; says why not.
[[nodiscard]] Result<void> check_profile(const ImportProfile& profile);

struct FileNames {
    Cid cid;
    std::uint64_t bytes = 0;
    std::vector<Sha256Digest> chunk_digests;  // SHA-256 of each chunk's bytes; none for no bytes
    LogHash chunk_root;                       // docs/formats.md, "Chunk root"
};
struct ImportResult : FileNames {
    Sha256Digest sha256;  // of the whole file
};

// Bytes done and in total; called on the calling thread after each window.
using ImportProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Stores all blocks and pins the root: until `keep_until` (Unix seconds), or else by hand. On
// failure nothing of it stays, unless others write to the store; then a collection removes it.
[[nodiscard]] Result<ImportResult> import_file(const std::filesystem::path& path,
                                               const ImportProfile& profile,
                                               compute::HashEngine& engine,
                                               BlockStore& store,
                                               const ImportProgress& progress = {},
                                               std::optional<std::uint64_t> keep_until = {});

// The same names, and nothing is stored: for whoever wants to check a record.
[[nodiscard]] Result<FileNames> name_file(const std::filesystem::path& path,
                                          const ImportProfile& profile,
                                          compute::HashEngine& engine,
                                          const ImportProgress& progress = {});

// RFC 6962 root over entries that are the digests: what a release record signs.
[[nodiscard]] LogHash chunk_root(std::span<const Sha256Digest> chunk_digests);

}  // namespace assay::ipfs
