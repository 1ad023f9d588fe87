// Whether what is stored fits together: of the newest blocks at every start, of all in the
// background.

#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kRecentBlocks = 288;
constexpr std::size_t kRecentBytes = std::size_t{8} << 20;
// Of one call of check_next().
constexpr std::size_t kCheckBytes = std::size_t{256} << 10;
constexpr std::size_t kCheckBlocks = 64;
constexpr std::size_t kCheckEntries = 2'000;

tl::unexpected<Error> misfit(BlockHeight height, std::string_view what) {
    return fail(Refusal::kMalformed, "block " + std::to_string(height) + ": " + std::string(what));
}

}  // namespace

std::string Chain::failure() const {
    if (const auto& error = store_->failure()) return error->to_string();
    return broken_by_ ? "the ledger's store is damaged: " + *broken_by_ : "";
}

// A block of the best chain against the header's hash, and every table that names it. Returns its
// size.
Result<std::size_t> Chain::check_height(BlockHeight height) const {
    const auto id = id_at(height);
    if (!id) return misfit(height, "not in the height table");
    const auto known = entry(*id);
    if (!known || known->id() != *id || known->height() != height ||
        known->verdict != BlockVerdict::kValid) {
        return misfit(height, "entry");
    }
    if (height > 0 && id_at(height - 1) != known->parent()) return misfit(height, "parent");
    const auto& log = known->context.log;
    if (log.size() > log_.size() || log_.root(log.size()) != log.root()) {
        return misfit(height, "log");
    }
    return height < first_block_ ? check_pruned(*known) : check_stored(*known);
}

Result<std::size_t> Chain::check_stored(const BlockEntry& known) const {
    const BlockHeight height = known.height();
    const auto bytes = store_->get(keys::block(known.id()));
    if (!bytes) return misfit(height, "body missing");
    if (height == 0) return bytes->size();
    const auto block = decode_block(*bytes);
    if (!block || block->sealed.id() != known.id()) return misfit(height, "body");
    if (!store_->get(keys::undo(known.id()))) return misfit(height, "undo record");
    std::vector<TxId> ids;
    for (const ByteView tx : block->txs) ids.push_back(tx_id(tx));
    const LogIndex first = known.context.log.size() + 1 - ids.size();
    for (std::size_t i = 1; i < ids.size(); ++i) {
        const auto place = place_of(ids[i]);
        const auto offset = static_cast<std::size_t>(block->txs[i].data() - bytes->data());
        if (!place || place->height != height || place->position != i ||
            place->log_index != first + i - 1 || place->offset != offset ||
            place->bytes != block->txs[i].size()) {
            return misfit(height, "index of its transactions");
        }
        const auto leaf = store_->get(keys::leaf(crypto::leaf_hash(block->txs[i])));
        if (!leaf || !std::ranges::equal(*leaf, ids[i].view())) {
            return misfit(height, "index of its leaves");
        }
    }
    if (bitcoin_merkle_root(std::move(ids)) != block->header().merkle_root) {
        return misfit(height, "transactions");
    }
    return bytes->size();
}

// What stays of a block whose body is gone: the way from each of its leaves to its place, and the
// transactions that were kept.
Result<std::size_t> Chain::check_pruned(const BlockEntry& known) const {
    const BlockHeight height = known.height();
    const auto parent = height > 0 ? entry(known.parent()) : std::nullopt;
    if (height > 0 && !parent) return misfit(height, "parent");
    std::size_t bytes = kSealedHeaderBytes;
    for (LogIndex i = parent ? parent->context.log.size() : 0; i < known.context.log.size(); ++i) {
        const LogHash leaf = log_.leaf(i);
        const auto id = store_->get(keys::leaf(leaf));
        if (!id || id->size() != 32) return misfit(height, "index of its leaves");
        const auto place = place_of(TxId::from(*id));
        if (!place || place->height != height || place->log_index != i) {
            return misfit(height, "index of its transactions");
        }
        if (place->is_pruned()) continue;
        const auto kept = store_->get(keys::kept(TxId::from(*id)));
        if (!kept || kept->size() != place->bytes || crypto::leaf_hash(*kept) != leaf) {
            return misfit(height, "a transaction that was kept");
        }
        bytes += kept->size();
    }
    return bytes;
}

Result<void> Chain::check_recent() const {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kRecentBlocks && i <= tip_.height && bytes < kRecentBytes; ++i) {
        const auto checked = check_height(tip_.height - static_cast<BlockHeight>(i));
        if (!checked) return fail(Error(checked.error()));
        bytes += *checked;
    }
    return {};
}

bool Chain::check_next() {
    if (has_failed()) return false;
    if (!database_checked_) database_checked_ = store_->check_next(kCheckEntries);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < kCheckBlocks && bytes < kCheckBytes; ++i) {
        if (checked_height_ >= tip_.height) break;
        const auto checked = check_height(checked_height_ + 1);
        if (!checked) {
            broken_by_ = checked.error().context();
            return false;
        }
        bytes += *checked;
        ++checked_height_;
    }
    if (has_failed() || checked_height_ < tip_.height || !database_checked_) return false;
    checked_height_ = 0;
    database_checked_ = false;
    io_failures_ = 0;
    ++checks_ended_;
    return true;
}

}  // namespace assay::ledger
