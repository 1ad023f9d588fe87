// The log of a chain: the leaf hashes of its transactions in order (RFC 6962). All are held in
// memory, 32 bytes each, over a table of the database; paths and roots of every size cost one pass
// over them. One owner at a time.

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
    void append(const LeafHash& leaf) { leaves_.push_back(leaf); }
    // Forgets the leaves from `size` on; the database's own are undone with their block.
    void truncate(std::uint64_t size) { leaves_.resize(size); }

    [[nodiscard]] std::uint64_t size() const noexcept { return leaves_.size(); }
    // Precondition of both: size <= size(), and index < size.
    [[nodiscard]] LogHash root(std::uint64_t size) const;
    [[nodiscard]] std::vector<LogHash> inclusion_path(LogIndex index, std::uint64_t size) const;

  private:
    std::vector<LeafHash> leaves_;
};

}  // namespace assay::ledger
