// The log of a chain: the leaf hashes of its transactions in order (RFC 6962), over a table of the
// database. In memory are the roots of all perfect subtrees, 64 bytes for each leaf, so that a root
// or path of any size costs O(log^2 n) hashes. One owner at a time.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

class LogStore {
  public:
    // Fails if leaves are missing.
    [[nodiscard]] static Result<LogStore> load(const StateView& database);

    // Writes the leaf at `index` to a state that is being prepared; append() follows once that is
    // on the disk.
    static void stage(StateWriter& database, LogIndex index, const LeafHash& leaf);
    void append(const LeafHash& leaf);
    // Forgets the leaves from `size` on; the database's own are undone with their block.
    // Precondition: size <= size().
    void truncate(std::uint64_t size);

    [[nodiscard]] std::uint64_t size() const noexcept { return levels_.front().size(); }
    // Precondition: index < size().
    [[nodiscard]] const LeafHash& leaf(LogIndex index) const { return levels_.front()[index]; }
    // Precondition of both: size <= size(), and index < size.
    [[nodiscard]] LogHash root(std::uint64_t size) const;
    [[nodiscard]] std::vector<LogHash> inclusion_path(LogIndex index, std::uint64_t size) const;
    // That the first `from` leaves begin the log of `size`. Precondition: from <= size <= size().
    [[nodiscard]] std::vector<LogHash> consistency_path(std::uint64_t from,
                                                        std::uint64_t size) const;

  private:
    // Of the `count` > 0 leaves from `begin`, where RFC 6962 has a subtree of that many.
    [[nodiscard]] LogHash root_of(std::uint64_t begin, std::uint64_t count) const;

    // levels_[k][i] is the root of the 2^k leaves from i * 2^k; levels_[0] are the leaves.
    std::vector<std::vector<LogHash>> levels_{1};
};

}  // namespace assay::ledger
