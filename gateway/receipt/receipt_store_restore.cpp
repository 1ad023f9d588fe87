// The part of the receipt store that puts back what was lost.

#include <algorithm>
#include <map>
#include <set>

#include "gateway/receipt/receipt_keys.hpp"

namespace assay::gateway {
namespace {

using namespace receipt_keys;

// What one restored batch and the receipts that wait behind it make of the store.
class Rebuild {
  public:
    Rebuild(const ledger::KeyValueStore& store, ReceiptNumber first)
        : store_{store}, first_{first}, next_{first} {}

    [[nodiscard]] Result<void> add(ByteView receipt, Timestamp received) {
        const auto decoded = ledger::decode_receipt(receipt);
        if (!decoded) return fail(Error(decoded.error()).within("receipt to be restored"));
        const ledger::ReceiptBody& body = decoded->body;
        const ReceiptNumber number = next_++;
        write_.put(numbered_key('r', number), receipt_value(received, receipt));
        if (body.attested_by_gateway) {
            index(attested_key(body.device, body.release, body.event), number);
            return {};
        }
        const crypto::KeyId& device_key = decoded->signature.key_id;
        index(counter_key(device_key, body.counter), number);
        const Bytes key = highest_key(device_key);
        const auto known = store_.get(key);
        const std::uint32_t before = known ? Reader(*known).u32() : 0;
        std::uint32_t& highest = highest_.try_emplace(key, before).first->second;
        highest = std::max(highest, body.counter);
        return {};
    }
    // The gateway's own word, in no batch yet: it is given again.
    void forget_attested(const ledger::ReceiptBody& body) {
        const Bytes key = attested_key(body.device, body.release, body.event);
        if (!indexed_.contains(key) && points_behind(key)) write_.erase(key);
    }

    [[nodiscard]] ReceiptNumber next() const noexcept { return next_; }
    [[nodiscard]] ledger::WriteBatch take(ReceiptNumber old_next) {
        for (const auto& [key, highest] : highest_) write_.put(key, Writer().le(highest).take());
        for (ReceiptNumber number = next_; number < old_next; ++number) {
            write_.erase(numbered_key('r', number));
        }
        return std::move(write_);
    }

  private:
    // A receipt that an earlier batch has too stays found there.
    void index(const Bytes& key, ReceiptNumber number) {
        if (!points_behind(key) || !indexed_.insert(key).second) return;
        write_.put(key, Writer().le(number).take());
    }
    [[nodiscard]] bool points_behind(const Bytes& key) const {
        const auto there = store_.get(key);
        return !there || Reader(*there).u64() >= first_;
    }

    const ledger::KeyValueStore& store_;
    const ReceiptNumber first_;
    ReceiptNumber next_;
    ledger::WriteBatch write_;
    std::set<Bytes> indexed_;
    std::map<Bytes, std::uint32_t> highest_;
};

bool begins_with(std::span<const StoredReceipt> waiting, std::span<const ByteView> receipts) {
    return waiting.size() >= receipts.size() &&
           std::ranges::equal(waiting.first(receipts.size()), receipts,
                              [](const StoredReceipt& stored, ByteView receipt) {
                                  return std::ranges::equal(stored.bytes, receipt);
                              });
}

}  // namespace

Result<void> ReceiptStore::drop_newest_batch() {
    if (!newest_batch_) return {};
    auto all = batches();
    if (!all) return fail(std::move(all).error());
    all->pop_back();
    ReceiptNumber end = 1;
    for (const BatchRecord& batch : *all) end = std::max(end, batch.end());
    ledger::WriteBatch write;
    write.erase(numbered_key('b', newest_batch_->batch_no));
    write.put(newest_key(), newest_value(all->empty() ? 0 : all->back().batch_no, end));
    if (auto written = store_->write_synced(write); !written) return written;
    batched_end_ = end;
    newest_batch_.reset();
    if (!all->empty()) newest_batch_ = std::move(all->back());
    return {};
}

Result<std::vector<ledger::ReceiptBody>> ReceiptStore::restore(const BatchRecord& batch,
                                                               std::span<const ByteView> receipts,
                                                               Timestamp received) {
    const ReceiptNumber first = batched_end_;
    const auto waiting = read(first, next_ - first);
    if (!waiting) return fail(Error(waiting.error()));

    BatchRecord record = batch;
    record.first = first;
    record.count = receipts.size();
    std::vector<ledger::ReceiptBody> to_attest;
    Rebuild rebuild(*store_, first);
    ReceiptNumber next = next_;
    ledger::WriteBatch write;
    // As a rule the older copy has them all, and only never heard of the batch.
    if (!begins_with(*waiting, receipts)) {
        std::set<Bytes> in_batch;
        for (const ByteView receipt : receipts) {
            if (auto added = rebuild.add(receipt, received); !added) {
                return fail(std::move(added).error());
            }
            in_batch.insert(to_bytes(receipt));
        }
        for (const StoredReceipt& stored : *waiting) {
            if (in_batch.contains(stored.bytes)) continue;
            const auto decoded = ledger::decode_receipt(stored.bytes);
            if (decoded && decoded->body.attested_by_gateway) {
                rebuild.forget_attested(decoded->body);
                to_attest.push_back(decoded->body);
            } else if (auto added = rebuild.add(stored.bytes, stored.received); !added) {
                return fail(std::move(added).error());
            }
        }
        next = rebuild.next();
        write = rebuild.take(next_);
    }
    const bool is_newest = !newest_batch_ || newest_batch_->batch_no < record.batch_no;
    write.put(numbered_key('b', record.batch_no), encode_batch(record));
    write.put(newest_key(), newest_value(is_newest ? record.batch_no : newest_batch_->batch_no,
                                         record.end()));
    write.erase(numbered_key('x', record.batch_no));
    if (auto written = store_->write_synced(write); !written) return fail(std::move(written).error());
    next_ = next;
    batched_end_ = record.end();
    if (is_newest) newest_batch_ = std::move(record);
    recount();
    return to_attest;
}

Result<void> ReceiptStore::note_lost(const LostBatch& batch) {
    Writer value;
    value.bytes(batch.leaf.view()).le(batch.count).le(batch.first_time).le(batch.last_time);
    ledger::WriteBatch write;
    write.put(numbered_key('x', batch.batch_no), value.take());
    return store_->write_synced(write);
}

std::vector<LostBatch> ReceiptStore::lost_batches() const {
    std::vector<LostBatch> lost;
    const std::byte prefix{'x'};
    store_->for_each(ByteView(&prefix, 1), [&](ByteView key, ByteView value) {
        Reader in(value);
        LostBatch& batch = lost.emplace_back();
        batch.batch_no = number_of(key);
        batch.leaf = in.hash<ledger::LeafHash>();
        batch.count = in.u64();
        batch.first_time = in.u64();
        batch.last_time = in.u64();
        return true;
    });
    return lost;
}

bool ReceiptStore::is_lost(std::uint64_t batch_no) const {
    return store_->get(numbered_key('x', batch_no)).has_value();
}

}  // namespace assay::gateway
