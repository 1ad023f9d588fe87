// UnixFS directories (specs.ipfs.tech/unixfs), read only: a node of named links, or for very large
// ones a tree of shards (HAMT) in which the hash of a name says where its entry is.
//
// Images are single files; directories are what others wrap them in, and what paths lead through.
// Pure functions, bounded by the block size; nothing follows symbolic links.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/unixfs_data.hpp"

namespace assay::ipfs {

// What a dag-pb block is; fails if it is not UnixFS.
[[nodiscard]] Result<UnixFsType> unixfs_type_of(ByteView block);

// One block of a directory: all of a basic one, one shard of a large one.
struct DirectoryNode {
    struct Entry {
        std::string name;
        Cid cid;
    };
    struct Shard {
        std::uint32_t index;
        Cid cid;
    };
    // Of a basic directory in its author's order; where a name comes twice, the first one counts.
    std::vector<Entry> entries;
    std::vector<Shard> shards;      // deeper ones
    std::uint32_t fanout = 0;       // 0: a basic directory
    std::vector<std::uint32_t> slots;  // of a shard: the place of each entry

    [[nodiscard]] bool is_shard() const noexcept { return fanout != 0; }
};

// Refuses files, names that no file can have, and shards whose bitmap, fanout, hash or prefixes
// contradict each other (CVE-2023-23625).
[[nodiscard]] Result<DirectoryNode> decode_directory_node(ByteView block);

// Where `name` leads from this node: to its entry, or to the shard that is to be asked next, with
// depth + 1. The first node has depth 0. Nothing if the directory has no such name.
struct DirectoryStep {
    Cid cid;
    bool is_shard;
};
[[nodiscard]] std::optional<DirectoryStep> find_in_directory(const DirectoryNode& node,
                                                             std::string_view name,
                                                             int depth);

}  // namespace assay::ipfs
