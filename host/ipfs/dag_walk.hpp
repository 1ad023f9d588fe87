// Which blocks an image consists of: walks a UnixFS file from its root, level by level, without
// knowing where blocks come from.
//
//     auto walk = DagWalk::start(root, bytes, chunk_bytes);
//     while (!walk->complete()) {
//         for (const WantedBlock& block : walk->wanted()) ... walk->add(block.cid, bytes) ...
//     }
//     walk->leaves() and walk->image()
//
// Every claim of the tree is checked against the size and chunk size of the signed release record
// before anything is fetched or allocated for it: depth, number of blocks, size of every leaf.
// The bytes given to add() must have been hashed against the CID; the walk itself trusts nothing
// else. No I/O; not thread-safe. Used by the retriever.

#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/image_reader.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs {

// A file reaches terabytes by depth 4.
inline constexpr int kDagDepthMax = 32;

struct WantedBlock {
    WantedBlock(Cid block_cid,
                std::uint64_t size_max,
                std::optional<std::uint64_t> file_offset = std::nullopt)
        : cid{std::move(block_cid)}, bytes_max{size_max}, offset{file_offset} {}
    Cid cid;
    std::uint64_t bytes_max;              // an honest block is not larger
    std::optional<std::uint64_t> offset;  // of a raw leaf: where it lies in the file first
};

class DagWalk {
  public:
    // `bytes` and `chunk_bytes` are what the release record says; both must be positive.
    [[nodiscard]] static Result<DagWalk> start(const Cid& root,
                                               std::uint64_t bytes,
                                               std::uint64_t chunk_bytes);

    // The dag-pb nodes of this level that are not known yet, each once, in file order. Raw leaves
    // are not among them: they do not decide how the tree goes on.
    [[nodiscard]] std::vector<WantedBlock> wanted() const;

    // Preconditions: `cid` is wanted(), and `block` has the hash that it names. A failure says that
    // the release record and the DAG contradict each other; no other source could help.
    [[nodiscard]] Result<void> add(const Cid& cid, ByteView block);

    // All leaves are known by name. Leaves in dag-pb have been added by then, raw ones not.
    [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

    // Precondition of both: complete().
    // The raw leaves, each once, in file order, with their exact sizes.
    [[nodiscard]] std::vector<WantedBlock> raw_leaves() const;
    [[nodiscard]] RetrievedImage image() const;

  private:
    // One place in the file. The same block may be at several places.
    struct Place {
        Cid cid;
        std::uint64_t offset;
        std::uint64_t bytes;
    };
    // What an added dag-pb node said.
    struct Node {
        std::vector<FileChild> children;
        std::uint64_t bytes = 0;
        std::uint32_t data_offset = 0;  // of a leaf
        Sha256Digest data_digest;       // of a leaf
    };

    DagWalk(std::uint64_t bytes, std::uint64_t chunk_bytes)
        : bytes_{bytes}, chunk_bytes_{chunk_bytes} {}

    [[nodiscard]] Result<void> descend();
    [[nodiscard]] Result<void> push_place(std::vector<Place>& level, Place place);
    [[nodiscard]] Result<void> check_leaf(const Place& place) const;
    [[nodiscard]] Result<void> expand(std::vector<Place>& level, const Place& place);
    [[nodiscard]] bool is_open(const Place& place) const;
    [[nodiscard]] std::uint64_t block_bytes_max(const Place& place) const noexcept;

    std::uint64_t bytes_;
    std::uint64_t chunk_bytes_;
    std::vector<Place> level_;  // left to right they cover the file exactly
    std::unordered_map<Cid, Node> nodes_;
    std::size_t missing_ = 0;  // distinct dag-pb nodes of level_ not in nodes_
    std::uint64_t places_ = 0;
    int depth_ = 0;
};

}  // namespace assay::ipfs
