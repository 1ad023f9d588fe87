#include "ledger/chain/side_blocks.hpp"

namespace assay::ledger {

void SideBlocks::add(const BlockEntry& entry) {
    SideBlock block;
    block.id = entry.id();
    block.parent = entry.parent();
    block.height = entry.height();
    block.slot = entry.sealed.header.slot();
    block.work = entry.work;
    if (!blocks_.emplace(block.id, block).second) return;
    ranked_.insert(block);
    children_.emplace(block.parent, block.id);
    ++of_slot_[block.slot];
}

void SideBlocks::remove(const BlockId& id) {
    const auto found = blocks_.find(id);
    if (found == blocks_.end()) return;
    const SideBlock block = found->second;
    blocks_.erase(found);
    ranked_.erase(block);
    const auto [begin, end] = children_.equal_range(block.parent);
    for (auto it = begin; it != end; ++it) {
        if (it->second != id) continue;
        children_.erase(it);
        break;
    }
    if (--of_slot_[block.slot] == 0) of_slot_.erase(block.slot);
}

const SideBlock* SideBlocks::find(const BlockId& id) const noexcept {
    const auto found = blocks_.find(id);
    return found == blocks_.end() ? nullptr : &found->second;
}

bool SideBlocks::is_full(Slot slot) const {
    const auto count = of_slot_.find(slot);
    return count != of_slot_.end() && count->second >= kSideBlocksOfSlotMax;
}

std::vector<SideBlock> SideBlocks::descendants(const BlockId& id) const {
    std::vector<SideBlock> found;
    const auto add_children = [&](const BlockId& parent) {
        const auto [begin, end] = children_.equal_range(parent);
        for (auto it = begin; it != end; ++it) found.push_back(blocks_.at(it->second));
    };
    add_children(id);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const BlockId next = found[i].id;
        add_children(next);
    }
    return found;
}

std::optional<SideBlock> SideBlocks::surplus(Slot slot,
                                             const BlockId& newest,
                                             const BlockId& justified) const {
    const auto count = of_slot_.find(slot);
    if (count == of_slot_.end() || count->second <= kSideBlocksOfSlotMax) return std::nullopt;
    for (auto it = ranked_.rbegin(); it != ranked_.rend(); ++it) {
        if (it->slot != slot || it->id == newest || it->id == justified) continue;
        if (!children_.contains(it->id)) return *it;
    }
    return std::nullopt;
}

}  // namespace assay::ledger
