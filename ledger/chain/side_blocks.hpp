// The stored blocks off the best chain, in memory: which of them leads the fork choice, what builds
// on what, and which one goes when a member has left too many. The chain keeps it equal to table c
// of its database. One owner at a time.

#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "ledger/chain/block_entry.hpp"

namespace assay::ledger {

// Bodies kept of each member. More only if they are all on one branch, which takes as many members
// as may seal in a row (rule H8).
inline constexpr std::size_t kSideBlocksOfSlotMax = 64;

struct SideBlock {
    BlockId id;
    BlockId parent;
    BlockHeight height = 0;
    Slot slot = 0;
    U256 work;
};

// Most work first; of equals the smaller id.
struct LeadsByWork {
    bool operator()(const SideBlock& a, const SideBlock& b) const noexcept {
        return a.work != b.work ? b.work < a.work : a.id < b.id;
    }
};

class SideBlocks {
  public:
    using Ranked = std::set<SideBlock, LeadsByWork>;

    void add(const BlockEntry& entry);
    void remove(const BlockId& id);

    [[nodiscard]] const SideBlock* find(const BlockId& id) const noexcept;
    [[nodiscard]] const Ranked& ranked() const noexcept { return ranked_; }
    [[nodiscard]] bool is_full(Slot slot) const;
    // Every side block that builds on `id`, children before grandchildren.
    [[nodiscard]] std::vector<SideBlock> descendants(const BlockId& id) const;

    // The block to drop when `slot` has more than its share: of its blocks on which nothing builds
    // the one of least work, but none of the two named.
    [[nodiscard]] std::optional<SideBlock> surplus(Slot slot,
                                                   const BlockId& newest,
                                                   const BlockId& justified) const;

  private:
    std::unordered_map<BlockId, SideBlock> blocks_;
    Ranked ranked_;
    std::unordered_multimap<BlockId, BlockId> children_;  // by parent
    std::map<Slot, std::size_t> of_slot_;
};

}  // namespace assay::ledger
