#include "ledger/net/waiting_blocks.hpp"

#include <algorithm>
#include <utility>

namespace assay::ledger {

bool WaitingBlocks::add_orphan(Block block, const BlockId& parent) {
    return add(Entry{std::move(block), parent, Timestamp{}});
}

bool WaitingBlocks::add_early(Block block, Timestamp retry_at) {
    return add(Entry{std::move(block), BlockId{}, retry_at});
}

std::vector<WaitingBlocks::Block> WaitingBlocks::take_children(const BlockId& parent) {
    return take_if([&](const Entry& entry) { return entry.parent == parent; });
}

std::vector<WaitingBlocks::Block> WaitingBlocks::take_due(Timestamp now) {
    return take_if(
        [&](const Entry& entry) { return entry.parent.is_zero() && entry.retry_at <= now; });
}

void WaitingBlocks::forget(Slot peer) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.block.from == peer; });
}

std::size_t WaitingBlocks::count(Slot peer) const {
    const auto of_peer = [&](const auto& entry) { return entry.second.block.from == peer; };
    const auto n = std::count_if(entries_.begin(), entries_.end(), of_peer);
    return static_cast<std::size_t>(n);
}

bool WaitingBlocks::add(Entry entry) {
    if (count(entry.block.from) >= kWaitingBlocksMax) return false;
    const BlockId id = entry.block.id;
    return entries_.try_emplace(id, std::move(entry)).second;
}

template <typename Condition>
std::vector<WaitingBlocks::Block> WaitingBlocks::take_if(Condition condition) {
    std::vector<Block> taken;
    for (auto it = entries_.begin(); it != entries_.end();) {
        if (!condition(it->second)) {
            ++it;
            continue;
        }
        taken.push_back(std::move(it->second.block));
        it = entries_.erase(it);
    }
    return taken;
}

}  // namespace assay::ledger
