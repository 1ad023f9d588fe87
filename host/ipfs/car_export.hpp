// Which blocks a CAR response consists of, and in which order (trustless gateway specification,
// "CAR responses"): those on the path, then what `dag-scope` and `entity-bytes` ask for below its
// end, depth first. Blocks are read when they are sent: a DAG larger than memory passes through,
// and a range of a file needs only the blocks that hold it.
//
// Used by the content server. Reads from the store, so calls may wait for the disk; not
// thread-safe. Not more than kNodesVisitedMax blocks are looked at for one response.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/base/result.hpp"
#include "host/http/message.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/content_request.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs {

inline constexpr std::uint64_t kNodesVisitedMax = std::uint64_t{1} << 22;

struct ResolvedPath {
    std::vector<Cid> passed;  // the blocks on the way, from the root; without the target
    Cid target;

    [[nodiscard]] const Cid& root() const noexcept { return passed.empty() ? target : passed[0]; }
};

// Fails with std::errc::no_such_file_or_directory if there is no such path, or if a block on it is
// not here; the target must be here, too.
[[nodiscard]] Result<ResolvedPath> resolve_path(const BlockStore& store,
                                                const Cid& root,
                                                std::vector<std::string> path);

class CarExport {
  public:
    // `store` outlives the export. The header names the root of `path`.
    CarExport(const BlockStore& store, ResolvedPath path, const CarOptions& options);

    // The archive piece by piece until complete(); a piece may be empty. Fails if a block is not here.
    [[nodiscard]] Result<http::BodyPiece> step();
    // The next step reads a node; others at most open a file.
    [[nodiscard]] bool reads_next() const;
    [[nodiscard]] bool complete() const noexcept { return header_sent_ && open_.empty(); }

  private:
    // A block to be visited. Of a file, only the bytes from..to (not included) of what is below.
    struct Range {
        std::uint64_t from;
        std::uint64_t to;
    };
    struct Visit {
        Cid cid;
        DagScope scope;
        std::optional<Range> range;
        bool is_target = false;  // what `entity-bytes` is about
    };

    [[nodiscard]] static bool descends(const Visit& visit);
    [[nodiscard]] Result<http::BodyPiece> visit(const Visit& visit);
    [[nodiscard]] Result<void> push_children(const Visit& visit, ByteView block);
    void push_file_children(const Visit& visit, FileNode file);
    [[nodiscard]] bool to_be_sent(const Cid& cid);
    [[nodiscard]] Result<http::BodyPiece> section_of_file(const Cid& cid) const;

    const BlockStore* store_;
    Cid root_;
    CarOptions options_;
    bool header_sent_ = false;
    std::uint64_t visited_ = 0;
    std::vector<Visit> open_;  // the next one last
    // Blocks that were sent; true: with all that is below.
    std::unordered_map<Cid, bool> sent_;
};

}  // namespace assay::ipfs
