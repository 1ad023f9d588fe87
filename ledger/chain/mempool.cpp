#include "ledger/chain/mempool.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "ledger/chain/chain_keys.hpp"

namespace assay::ledger {
namespace {

// Orders grow from here for new transactions and shrink for returning ones.
constexpr std::uint64_t kFirstOrder = std::uint64_t{1} << 63;

}  // namespace

Result<Mempool> Mempool::load(const StateView& database) {
    Mempool mempool;
    std::optional<Error> error;
    database.for_each(keys::table('m'), [&](ByteView key, ByteView value) {
        auto tx = decode_transaction(value);
        if (!tx) {
            error = std::move(tx).error().within("waiting transaction");
            return false;
        }
        mempool.add(keys::number_of(key), *tx);
        return true;
    });
    if (error) return fail(*std::move(error));
    return mempool;
}

const Mempool::Entry* Mempool::find(const TxId& id) const {
    const auto found = orders_.find(id);
    return found == orders_.end() ? nullptr : &entries_.at(found->second);
}

void Mempool::note_verified(Transaction& tx) const {
    const Entry* entry = find(tx.id);  // the id is a hash of all bytes, signatures included
    if (entry == nullptr) return;
    for (std::size_t i = 0; i < tx.signatures.size(); ++i)
        tx.signatures[i].verified_by = entry->verified_by[i];
}

Result<void> Mempool::check_room(Slot slot, std::size_t bytes) const {
    const auto own = of_slot_.find(slot);
    if (own != of_slot_.end() && own->second >= kMempoolTxsOfSlotMax) {
        return fail(Refusal::kMempoolFull,
                    "256 transactions of slot " + std::to_string(slot) + " wait already");
    }
    if (entries_.size() >= kMempoolTxsMax || bytes_ + bytes > kMempoolBytesMax) {
        return fail(Refusal::kMempoolFull,
                    std::to_string(entries_.size()) + " transactions wait already");
    }
    return {};
}

bool Mempool::begins_with(std::span<const Transaction> txs) const {
    auto waiting = entries_.begin();
    return std::ranges::all_of(txs, [&](const Transaction& tx) {
        if (waiting == entries_.end()) return false;
        const Entry& first = (waiting++)->second;
        return first.is_ready && first.id == tx.id;
    });
}

void Mempool::add(std::uint64_t order, const Transaction& tx) {
    Entry entry;
    entry.id = tx.id;
    entry.leaf = tx.leaf;
    entry.slot = tx.body.slot;
    entry.type = tx.body.type;
    entry.valid_until = tx.body.valid_until;
    entry.bytes = to_bytes(tx.bytes);
    for (const auto& signature : tx.signatures) entry.verified_by.push_back(signature.verified_by);
    orders_.emplace(tx.id, order);
    ++of_slot_[entry.slot];
    bytes_ += entry.bytes.size();
    entries_.emplace(order, std::move(entry));
}

void Mempool::add_last(const Transaction& tx, WriteBatch& batch) {
    ASSAY_ASSERT(!contains(tx.id));
    const std::uint64_t order = entries_.empty() ? kFirstOrder : entries_.rbegin()->first + 1;
    add(order, tx);
    batch.put(keys::mempool(order), tx.bytes);
}

void Mempool::add_first(const Transaction& tx, WriteBatch& batch) {
    ASSAY_ASSERT(!contains(tx.id));
    const std::uint64_t order = entries_.empty() ? kFirstOrder : entries_.begin()->first - 1;
    add(order, tx);
    batch.put(keys::mempool(order), tx.bytes);
}

void Mempool::remove(const TxId& id, WriteBatch& batch) {
    const auto found = orders_.find(id);
    if (found == orders_.end()) return;
    const auto entry = entries_.find(found->second);
    batch.erase(keys::mempool(found->second));
    bytes_ -= entry->second.bytes.size();
    if (--of_slot_[entry->second.slot] == 0) of_slot_.erase(entry->second.slot);
    entries_.erase(entry);
    orders_.erase(found);
}

}  // namespace assay::ledger
