#include "ledger/core/epoch.hpp"

#include <algorithm>

namespace assay::ledger {

std::shared_ptr<const Epoch> Epoch::first(const ChainId& chain_id, const Registry& registry) {
    return make(first_epoch(chain_id, registry));
}

std::shared_ptr<const Epoch> Epoch::make(EpochRecord record) {
    return std::shared_ptr<const Epoch>(new Epoch(std::move(record)));
}

Epoch::Epoch(EpochRecord record) : record_{std::move(record)}, record_hash_{hash_of(record_)} {
    for (const EpochMember& member : record_.members) {
        nodes_.push_back({member.slot, member.seal, member.vote});
    }
}

const EpochNode* Epoch::find_node(Slot slot) const noexcept {
    const auto found = std::ranges::find(nodes_, slot, &EpochNode::slot);
    return found == nodes_.end() ? nullptr : &*found;
}

std::uint32_t Epoch::diversity_window() const noexcept {
    return static_cast<std::uint32_t>(nodes_.size() / 2 + 1);
}

}  // namespace assay::ledger
