// Follows a path such as /ipfs/CID/subdir/image.bin through directories and DAG-CBOR, without
// knowing where blocks come from:
//
//     PathWalk walk(root, names);
//     while (!walk.complete()) {
//         if (auto taken = walk.add(block_of(walk.wanted())); !taken) ...
//     }
//     walk.target(), and walk.passed() that led to it
//
// The blocks given to add() must have been hashed against their CIDs. No I/O; not thread-safe.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

inline constexpr std::size_t kPathNamesMax = 64;

// The names of "a/b/c"; empty ones are dropped, "." and ".." refused: nothing is above a root.
[[nodiscard]] Result<std::vector<std::string>> split_path(std::string_view path);

class PathWalk {
  public:
    PathWalk(Cid root, std::vector<std::string> names)
        : current_{std::move(root)}, names_{std::move(names)} {}

    [[nodiscard]] bool complete() const noexcept { return used_ == names_.size(); }
    // Precondition of both: !complete().
    [[nodiscard]] const Cid& wanted() const noexcept { return current_; }
    // Fails with std::errc::no_such_file_or_directory if the path leads nowhere, with
    // std::errc::not_a_directory if it goes on behind a file or a symbolic link.
    [[nodiscard]] Result<void> add(ByteView block);

    // Precondition: complete(). With names left inside of a DAG-CBOR block, that block.
    [[nodiscard]] const Cid& target() const noexcept { return current_; }
    // The blocks on the way, from the root; the target is not among them.
    [[nodiscard]] const std::vector<Cid>& passed() const noexcept { return passed_; }

  private:
    void go_to(Cid next);
    [[nodiscard]] Result<void> add_directory(ByteView block);
    [[nodiscard]] Result<void> add_dag_cbor(ByteView block);

    Cid current_;
    std::vector<std::string> names_;
    std::size_t used_ = 0;
    int depth_ = 0;  // of shards inside of one directory
    std::vector<Cid> passed_;
};

}  // namespace assay::ipfs
