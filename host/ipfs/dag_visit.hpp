// Walks the DAG below a root as it lies in a store: depth first, a node before what it links to, each
// block once. Blocks that may have links are read and hashed; leaves are only named, so that
// terabytes can be walked by reading megabytes. Used to collect, to export and to verify.

#pragma once

#include <functional>
#include <unordered_set>

#include "host/base/result.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// Files and directories never come close (the bound of boxo, too).
inline constexpr std::size_t kDagVisitDepthMax = 1024;

struct DagVisitor {
    // `node` holds the block's bytes if it may have links, else nothing. An error ends the walk.
    std::function<Result<void>(const Cid& cid, ByteView node)> block;
    // A node that is missing (std::errc::no_such_file_or_directory), damaged (kBlockHashMismatch) or
    // of a kind that cannot be walked: what is below stays unknown. Absent: the walk ends with it.
    std::function<Result<void>(const Cid& cid, const Error& error)> problem = nullptr;
};

// Blocks in `seen` are not visited; those that are visited join it.
[[nodiscard]] Result<void> visit_dag(const BlockStore& store,
                                     const Cid& root,
                                     std::unordered_set<Cid>& seen,
                                     const DagVisitor& visitor);

}  // namespace assay::ipfs
