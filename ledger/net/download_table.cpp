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
    std::size_t& in_flight = state.in_flight[index_of(item.kind)];
    if (now < state.stalled_until || in_flight >= max) return false;

    if (!requests_.try_emplace(item, peer).second) return false;
    if (state.in_flight[0] + state.in_flight[1] == 0) state.last_progress = now;
    ++in_flight;
    return true;
}

void DownloadTable::deliver(const InventoryItem& item, Slot peer, SteadyTime now) {
    Peer& state = peers_[peer];
    state.last_progress = now;
    state.stall = std::chrono::seconds{0};
    give_up(item, peer);
}

void DownloadTable::give_up(const InventoryItem& item, Slot peer) {
    const auto request = requests_.find(item);
    if (request == requests_.end() || request->second != peer) return;
    --peers_[peer].in_flight[index_of(item.kind)];
    requests_.erase(request);
}

void DownloadTable::forget(Slot peer) {
    drop_all(peer);
    peers_.erase(peer);
}

bool DownloadTable::expire(Slot peer, SteadyTime now) {
    Peer& state = peers_[peer];
    if (state.in_flight[0] + state.in_flight[1] == 0) return false;
    if (now < state.last_progress + kDeliveryMax) return false;
    drop_all(peer);
    state.in_flight[0] = state.in_flight[1] = 0;
    state.stall = state.stall.count() == 0 ? kStallFirst : std::min(2 * state.stall, kStallMax);
    state.stalled_until = now + state.stall;
    return true;
}

std::size_t DownloadTable::in_flight(Slot peer, InventoryKind kind) const noexcept {
    const auto found = peers_.find(peer);
    return found == peers_.end() ? 0 : found->second.in_flight[index_of(kind)];
}

void DownloadTable::drop_all(Slot peer) {
    std::erase_if(requests_, [&](const auto& request) { return request.second == peer; });
}

}  // namespace assay::ledger
