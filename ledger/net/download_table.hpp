// Which blocks and transactions are under way from which peer, for all peers of one chain: nothing
// is asked of two members at once, and what a member does not deliver is asked of another.
//
// Pure: time is passed in. Used by sync.hpp, on one thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>

#include "ledger/core/ids.hpp"
#include "ledger/net/peer_message.hpp"

namespace assay::ledger {

using SteadyTime = std::chrono::steady_clock::time_point;

inline constexpr std::size_t kBlocksInFlightMax = 16;  // per peer
inline constexpr std::size_t kTransactionsInFlightMax = 256;
// Peers answer in the order they were asked. One that withholds the oldest block, or the oldest
// transaction, for this long has stalled, whatever else it sends: else a member could keep a block
// from us for good by trickling others.
inline constexpr std::chrono::seconds kDeliveryMax{5};
// After a stall a peer is asked for nothing for this long, doubling up to the second value.
inline constexpr std::chrono::seconds kStallFirst{2};
inline constexpr std::chrono::seconds kStallMax{64};

class DownloadTable {
  public:
    // Whether `peer` may be asked for `item` now; if so it is noted as asked.
    [[nodiscard]] bool claim(const InventoryItem& item, Slot peer, SteadyTime now);
    // The item arrived from `peer`.
    void deliver(const InventoryItem& item, Slot peer, SteadyTime now);
    // The peer has not got it: others may be asked at once.
    void give_up(const InventoryItem& item, Slot peer);
    // The peer is gone.
    void forget(Slot peer);

    // Whether `peer` stalled. What it was asked for may then be asked of others.
    [[nodiscard]] bool expire(Slot peer, SteadyTime now);

    [[nodiscard]] bool claimed(const InventoryItem& item) const { return requests_.contains(item); }
    [[nodiscard]] std::size_t in_flight(Slot peer, InventoryKind kind) const noexcept;

  private:
    struct Peer {
        std::deque<InventoryItem> asked[2];  // blocks, transactions; oldest first
        SteadyTime last_progress[2]{};       // asked when nothing was, or the oldest delivered
        SteadyTime stalled_until{};
        std::chrono::seconds stall{0};
    };
    void drop_all(Slot peer);

    std::map<InventoryItem, Slot> requests_;
    std::map<Slot, Peer> peers_;
};

}  // namespace assay::ledger
