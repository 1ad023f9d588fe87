// UnixFS files (specs.ipfs.tech/unixfs): how the bytes of a file are spread over blocks.
//
// A leaf is a raw block, or a dag-pb block whose UnixFS Data holds the bytes. An interior node
// links to its children and says how many bytes each holds. Anything else is refused: an image is
// one file (unixfs_directory.hpp reads directories). Pure functions, bounded by the block size.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

struct FileChild {
    Cid cid;
    std::uint64_t bytes;  // of the file below this child
};

struct FileNode {
    std::uint64_t bytes = 0;          // of the file below this node
    std::vector<FileChild> children;  // empty for a leaf
    ByteView data;                    // of a leaf; points into what was decoded

    [[nodiscard]] bool is_leaf() const noexcept { return children.empty(); }
};

// A dag-pb leaf. The Data field of an empty file is absent, as Kubo writes it.
[[nodiscard]] Bytes encode_file_leaf(ByteView data);

struct FileLink {
    Cid cid;
    std::uint64_t bytes;  // of the file below
    std::uint64_t tsize;  // of all blocks below
};
[[nodiscard]] Bytes encode_file_parent(std::span<const FileLink> children);

// Refuses nodes whose numbers of links and block sizes differ, whose file size is not the sum of
// its parts, whose links have names, and which hold bytes and links at once.
[[nodiscard]] Result<FileNode> decode_file_node(ByteView block);

}  // namespace assay::ipfs
