// Blocks that cannot be judged yet: orphans, whose parent is still under way, and blocks whose time
// is ahead of our clock (ledger rule M7: kept and tried again, never invalid). At most 32 of them
// per peer; what does not fit is dropped and fetched again when its turn comes.
//
// Pure; used by sync.hpp, on one thread.

#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/clock.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline constexpr std::size_t kWaitingBlocksMax = 32;  // per peer

class WaitingBlocks {
  public:
    struct Block {
        BlockId id;
        Slot from = 0;  // who sent it
        Bytes bytes;
    };

    // False if the block is here already or its sender has no room left.
    bool add_orphan(Block block, const BlockId& parent);
    bool add_early(Block block, Timestamp retry_at);

    [[nodiscard]] bool contains(const BlockId& id) const { return entries_.contains(id); }
    [[nodiscard]] std::vector<Block> take_children(const BlockId& parent);
    [[nodiscard]] std::vector<Block> take_due(Timestamp now);
    void forget(Slot peer);

    [[nodiscard]] std::size_t count(Slot peer) const;

  private:
    struct Entry {
        Block block;
        BlockId parent;        // zero: waits for its time
        Timestamp retry_at{};  // unless it waits for its parent
    };
    bool add(Entry entry);
    template <typename Condition>
    std::vector<Block> take_if(Condition condition);

    std::map<BlockId, Entry> entries_;
};

}  // namespace assay::ledger
