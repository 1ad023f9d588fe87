// Looking things up in a chain.

#include "host/base/assert.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kLocatorMax = 32;
constexpr std::size_t kLocatorDense = 8;  // the newest ids, without gaps

}  // namespace

ChainTip Chain::at_height(BlockHeight height) const {
    ASSAY_ASSERT(height <= tip_.height);
    ChainTip found;
    const auto id = id_at(height);
    const auto known = id ? entry(*id) : std::nullopt;
    if (!known) return found;
    found.height = height;
    found.id = known->id();
    found.time = known->context.time;
    found.log_size = known->context.log.size();
    found.log_root = known->context.log.root();
    return found;
}

bool Chain::has_block(const BlockId& id) const {
    const auto known = entry(id);
    return known && known->verdict == BlockVerdict::kValid;
}

std::optional<BlockHeight> Chain::height_of(const BlockId& id) const {
    const auto known = entry(id);
    return known ? std::optional(known->height()) : std::nullopt;
}

std::optional<Bytes> Chain::block(const BlockId& id) const {
    auto body = store_->get(keys::block(id));
    if (body || first_block_ == 0 || id_at(0) != id) return body;
    return genesis_block(genesis_, genesis_bytes_);
}

std::optional<BlockId> Chain::id_at(BlockHeight height) const {
    const auto id = store_->get(keys::at_height(height));
    if (!id || id->size() != 32) return std::nullopt;
    return BlockId::from(*id);
}

std::vector<BlockId> Chain::locator() const {
    std::vector<BlockId> ids;
    std::uint64_t height = tip_.height;
    std::uint64_t step = 1;
    while (height > 0 && ids.size() < kLocatorMax - 1) {
        if (const auto id = id_at(static_cast<BlockHeight>(height))) ids.push_back(*id);
        if (ids.size() >= kLocatorDense) step *= 2;
        height = height > step ? height - step : 0;
    }
    if (const auto genesis = id_at(0)) ids.push_back(*genesis);
    return ids;
}

std::vector<SealedHeader> Chain::headers_after(std::span<const BlockId> locator,
                                               std::size_t headers_max) const {
    BlockHeight height = 0;
    for (const BlockId& id : locator) {
        const auto known = entry(id);
        if (!known || id_at(known->height()) != id) continue;
        height = known->height();
        break;
    }
    std::vector<SealedHeader> headers;
    while (height < tip_.height && headers.size() < headers_max) {
        const auto id = id_at(++height);
        const auto known = id ? entry(*id) : std::nullopt;
        if (!known) break;
        headers.push_back(known->sealed);
    }
    return headers;
}

std::optional<TxPlace> Chain::place_of(const LeafHash& leaf) const {
    const auto id = store_->get(keys::leaf(leaf));
    return id && id->size() == 32 ? place_of(TxId::from(*id)) : std::nullopt;
}

std::optional<TxPlace> Chain::place_of(const TxId& id) const {
    const auto value = store_->get(keys::tx(id));
    return value ? decode_place(*value) : std::nullopt;
}

bool Chain::is_on_chain(const TxId& id) const { return store_->get(keys::tx(id)).has_value(); }

std::optional<FoundTransaction> Chain::find(const LeafHash& leaf) const {
    const auto id = store_->get(keys::leaf(leaf));
    if (!id || id->size() != 32) return std::nullopt;
    return find(TxId::from(*id));
}

std::optional<FoundTransaction> Chain::find(const TxId& id) const {
    const auto place = place_of(id);
    const auto in = place && !place->is_pruned() ? id_at(place->height) : std::nullopt;
    if (!in) return std::nullopt;
    const bool is_kept = place->height < first_block_;
    auto bytes = is_kept ? store_->get(keys::kept(id))
                         : store_->get_part(keys::block(*in), place->offset, place->bytes);
    if (bytes && tx_id(*bytes) != id) {
        if (!is_kept) (void)block(*in);  // damage, which the store sees when it reads the whole frame
        return std::nullopt;
    }
    if (!bytes) return std::nullopt;
    FoundTransaction found;
    found.bytes = *std::move(bytes);
    found.height = place->height;
    found.log_index = place->log_index;
    found.block = *in;
    return found;
}

std::vector<LogHash> Chain::inclusion_path(LogIndex index, std::uint64_t size) const {
    return log_.inclusion_path(index, size);
}

std::vector<LogHash> Chain::consistency_path(std::uint64_t from, std::uint64_t size) const {
    return log_.consistency_path(from, size);
}

LogHash Chain::log_root(std::uint64_t size) const { return log_.root(size); }

}  // namespace assay::ledger
