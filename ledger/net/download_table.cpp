#include "ledger/net/download_table.hpp"

#include <algorithm>

namespace assay::ledger {
namespace {

std::size_t index_of(InventoryKind kind) noexcept { return kind == InventoryKind::kBlock ? 0 : 1; }

}  // namespace

bool DownloadTable::claim(const InventoryItem& item, Slot peer, SteadyTime now) {
    Peer& state = peers_[peer];
    const std::size_t max =
        item.kind == InventoryKind::kBlock ? kBlocksInFlightMax : kTransactionsInFlightMax;
    auto& asked = state.asked[index_of(item.kind)];
    if (now < state.stalled_until || asked.size() >= max) return false;

    if (!requests_.try_emplace(item, peer).second) return false;
    if (asked.empty()) state.last_progress[index_of(item.kind)] = now;
    asked.push_back(item);
    return true;
}

void DownloadTable::deliver(const InventoryItem& item, Slot peer, SteadyTime now) {
    Peer& state = peers_[peer];
    const auto request = requests_.find(item);
    if (request == requests_.end() || request->second != peer) {
        // Late, but it comes: a slow line or a busy machine, and perhaps the only peer there is.
        state.stalled_until = now;
    }
    const auto& asked = state.asked[index_of(item.kind)];
    if (!asked.empty() && asked.front() == item) {
        state.last_progress[index_of(item.kind)] = now;
        state.stall = std::chrono::seconds{0};
    }
    give_up(item, peer);
}

void DownloadTable::give_up(const InventoryItem& item, Slot peer) {
    const auto request = requests_.find(item);
    if (request == requests_.end() || request->second != peer) return;
    std::erase(peers_[peer].asked[index_of(item.kind)], item);
    requests_.erase(request);
}

void DownloadTable::forget(Slot peer) {
    drop_all(peer);
    peers_.erase(peer);
}

bool DownloadTable::expire(Slot peer, SteadyTime now) {
    Peer& state = peers_[peer];
    const auto overdue = [&](std::size_t kind) {
        return !state.asked[kind].empty() && now >= state.last_progress[kind] + kDeliveryMax;
    };
    if (!overdue(0) && !overdue(1)) return false;
    drop_all(peer);
    for (auto& asked : state.asked) asked.clear();
    state.stall = state.stall.count() == 0 ? kStallFirst : std::min(2 * state.stall, kStallMax);
    state.stalled_until = now + state.stall;
    return true;
}

std::size_t DownloadTable::in_flight(Slot peer, InventoryKind kind) const noexcept {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? 0 : found->second.asked[index_of(kind)].size();
}

void DownloadTable::drop_all(Slot peer) {
    std::erase_if(requests_, [&](const auto& request) { return request.second == peer; });
}

}  // namespace assay::ledger
