#include "ledger/core/epoch.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"

namespace assay::ledger {

std::shared_ptr<const Epoch> Epoch::first(const ChainId& chain_id, const Registry& registry) {
    std::vector<EpochNode> nodes;
    for (const Member& member : registry.members()) {
        if (!member.is_active() || !member.has(Role::kNode)) continue;
        nodes.push_back({member.slot, member.seal, member.vote});
    }
    return std::shared_ptr<const Epoch>(
        new Epoch(first_epoch(chain_id, registry), std::move(nodes)));
}

Epoch::Epoch(EpochRecord record, std::vector<EpochNode> nodes)
    : record_{std::move(record)},
      record_hash_{crypto::sha256(encode_epoch_record(record_))},
      nodes_{std::move(nodes)} {}

const EpochNode* Epoch::find_node(Slot slot) const noexcept {
    const auto found = std::ranges::find(nodes_, slot, &EpochNode::slot);
    return found == nodes_.end() ? nullptr : &*found;
}

std::uint32_t Epoch::diversity_window() const noexcept {
    return static_cast<std::uint32_t>(nodes_.size() / 2 + 1);
}

}  // namespace assay::ledger
