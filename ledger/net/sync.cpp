#include "ledger/net/sync.hpp"

#include <algorithm>
#include <utility>

#include "host/base/text_encoding.hpp"
#include "ledger/core/block.hpp"

namespace assay::ledger {
namespace {

// A later retry only costs one look at the clock; blocks come at least a second apart anyway.
constexpr std::chrono::seconds kEarlyRetry{1};

bool blames_sender(BlockVerdict verdict) noexcept {
    return verdict == BlockVerdict::kMalformed || verdict == BlockVerdict::kMutated ||
           is_invalid(verdict);
}

}  // namespace

void Sync::accept_block(WaitingBlocks::Block block,
                        Timestamp now,
                        Actions& actions,
                        Durable durable) {
    std::vector<WaitingBlocks::Block> ready;
    ready.push_back(std::move(block));
    while (!ready.empty()) {
        WaitingBlocks::Block next = std::move(ready.back());
        ready.pop_back();
        const BlockId id = next.id;
        if (!accept_one(std::move(next), now, actions, durable)) continue;
        for (auto& child : waiting_.take_children(id)) ready.push_back(std::move(child));
    }
}

void Sync::settle(Actions& actions) {
    if (!block_held_ || !chain_.flush()) return;
    say_held(actions);
}

void Sync::say_held(Actions& actions) {
    actions.block_added |= std::exchange(block_held_, false);
    actions.tip_changed |= std::exchange(tip_held_, false);
}

bool Sync::accept_one(WaitingBlocks::Block block,
                      Timestamp now,
                      Actions& actions,
                      Durable durable) {
    const BlockOutcome outcome = chain_.accept_block(block.bytes, now, durable);
    tip_held_ |= outcome.tip_changed;
    block_held_ |= outcome.verdict == BlockVerdict::kValid;
    // What is written now takes all that was held with it.
    if (durable == Durable::kNow && outcome.verdict == BlockVerdict::kValid) say_held(actions);
    if (outcome.verdict == BlockVerdict::kOrphan) {
        const BlockId parent = decode_header(ByteView(block.bytes).first<kHeaderBytes>()).previous;
        waiting_.add_orphan(std::move(block), parent);
    } else if (outcome.verdict == BlockVerdict::kTooEarly ||
               outcome.verdict == BlockVerdict::kStorageFailed) {
        // With a broken disk it would be asked for again and again.
        waiting_.add_early(std::move(block), now + kEarlyRetry);
    } else if (blames_sender(outcome.verdict)) {
        actions.penalties.push_back(Penalty{
            block.from, kPenaltyInvalid,
            "block " + to_hex(block.id.view()) + ": " + std::string(to_string(outcome.verdict)) +
                (outcome.detail.empty() ? "" : ": " + outcome.detail)});
    }
    return outcome.verdict == BlockVerdict::kValid;
}

void Sync::retry_early(Timestamp now, Actions& actions) {
    for (auto& block : waiting_.take_due(now)) accept_block(std::move(block), now, actions);
}

void Sync::forget(Slot peer) {
    downloads_.forget(peer);
    waiting_.forget(peer);
}

bool Sync::has_room_for_block_of(Slot peer) const {
    return waiting_.count(peer) + downloads_.in_flight(peer, InventoryKind::kBlock) <
           kWaitingBlocksMax;
}

bool Sync::lacks(const InventoryItem& item) const {
    if (item.kind == InventoryKind::kBlock) {
        const auto id = item.hash.as<BlockId>();
        return !waiting_.contains(id) && !chain_.has_block(id);
    }
    const auto id = item.hash.as<TxId>();
    return !chain_.mempool_transaction(id) && !chain_.is_on_chain(id);
}

}  // namespace assay::ledger
