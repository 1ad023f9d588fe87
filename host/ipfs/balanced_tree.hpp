// The balanced layout of a UnixFS file: leaves are packed in groups of `width` under parents, level
// by level, until one node is left. A left-over of one is wrapped as well, and a single leaf is its
// own root: so every importer with the same parameters arrives at the same CID. Pure.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs {

// Takes a finished interior node.
using NodeSink = std::function<Result<void>(const Cid& cid, Bytes block)>;

// Returns the root. Preconditions: leaves are in file order and at least one; width >= 2.
[[nodiscard]] Result<FileLink> build_balanced_tree(std::vector<FileLink> leaves,
                                                   std::uint32_t width,
                                                   int cid_version,
                                                   const NodeSink& sink);

}  // namespace assay::ipfs
