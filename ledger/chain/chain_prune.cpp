// Letting go of the bodies of old blocks (docs/operations.md, "What lies on the disk").
//
// First one synced write: bodies, undo records and dead branches go, each transaction that may still be
// asked for gets a key of its own, and P moves. Then the files in which nothing is named any more. A
// crash in between leaves files, which the next start removes.

#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"

namespace assay::ledger {
namespace {

// Of one call.
constexpr BlockHeight kPruneBlocks = 1'024;
constexpr std::size_t kPruneBytes = std::size_t{2} << 20;

}  // namespace

BlockHeight Chain::first_to_keep() const {
    const ChainPoint& final = finality_.final;
    if (options_.keep_blocks == 0 || final.height < options_.keep_blocks) return 0;
    // While a conflict lasts, who knows what will be asked for.
    if (!conflict().empty() || id_at(final.height) != final.id) return 0;
    return final.height + 1 - options_.keep_blocks;
}

std::string Chain::what_is_kept() const {
    return "blocks below " + std::to_string(first_block_) +
           " were let go here (keep_blocks); a member that keeps all has them";
}

Result<bool> Chain::prune_next() {
    if (has_failed()) return false;
    const BlockHeight end = first_to_keep();
    if (end <= first_block_) {
        if (!files_left_) return false;
        auto freed = free_files();
        files_left_ = !freed;
        if (!freed) return fail(std::move(freed).error());
        return true;
    }
    WriteBatch batch;
    BlockHeight next = first_block_;
    for (std::size_t bytes = 0;
         next < end && next - first_block_ < kPruneBlocks && bytes < kPruneBytes; ++next) {
        const auto pruned = prune_block(next, batch);
        if (!pruned) {
            if (!has_failed()) broken_by_ = "block " + std::to_string(next) + " cannot be read";
            return fail(Refusal::kMalformed, failure());
        }
        bytes += *pruned;
    }
    prune_side_blocks(next, batch);
    if (first_block_ == 0) {
        batch.put(keys::meta(), keys::meta_value(keys::kPrunedFormat, chain_id_));
    }
    batch.put(keys::first_block(), keys::encode_height(next));
    if (!write(batch)) return fail(std::errc::io_error, failure());
    first_block_ = next;
    files_left_ = true;
    auto freed = free_files();
    files_left_ = !freed;
    if (!freed) return fail(std::move(freed).error());
    return true;
}

// Returns the size of its body; nothing if that is not there.
std::optional<std::size_t> Chain::prune_block(BlockHeight height, WriteBatch& batch) {
    const auto id = id_at(height);
    const auto bytes = id ? store_->get(keys::block(*id)) : std::nullopt;
    if (!bytes) return std::nullopt;
    batch.erase(keys::block(*id));
    if (height == 0) return bytes->size();  // the genesis makes it anew
    const auto block = decode_block(*bytes);
    if (!block) return std::nullopt;
    batch.erase(keys::undo(*id));
    for (std::size_t i = 1; i < block->txs.size(); ++i) {  // the coinbase comes first
        const auto tx = decode_transaction(block->txs[i]);
        auto place = tx ? place_of(tx->id) : std::nullopt;
        if (!place) return std::nullopt;
        if (rules_.rule_set.is_kept(*tx, *state_, final_log_size_)) {
            batch.put(keys::kept(tx->id), tx->bytes);
            continue;
        }
        place->offset = place->bytes = 0;
        batch.put(keys::tx(tx->id), encode_place(*place));
    }
    return bytes->size();
}

// Branches that began below the first block left the final one: no rule lets them come back.
void Chain::prune_side_blocks(BlockHeight first, WriteBatch& batch) {
    std::vector<SideBlock> dead;
    for (const SideBlock& side : side_blocks_.ranked()) {
        if (side.height < first) dead.push_back(side);
    }
    for (std::size_t i = 0, roots = dead.size(); i < roots; ++i) {
        const BlockId root = dead[i].id;
        for (const SideBlock& side : side_blocks_.descendants(root)) dead.push_back(side);
    }
    for (const SideBlock& side : dead) {
        if (side_blocks_.find(side.id) == nullptr) continue;
        batch.erase(keys::entry(side.id));
        batch.erase(keys::block(side.id));
        batch.erase(keys::candidate(side.work, side.id));
        side_blocks_.remove(side.id);
    }
}

// Blocks are stored after their parents: of each branch the lowest lies in the oldest file.
Result<void> Chain::free_files() {
    std::vector<Bytes> oldest;
    if (const auto id = id_at(first_block_)) oldest.push_back(keys::block(*id));
    for (const SideBlock& side : side_blocks_.ranked()) oldest.push_back(keys::block(side.id));
    return store_->free_files_before(oldest);
}

}  // namespace assay::ledger
