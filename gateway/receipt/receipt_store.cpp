#include "gateway/receipt/receipt_store.hpp"

#include <algorithm>

#include "gateway/receipt/receipt_keys.hpp"

namespace assay::gateway {
namespace {

using namespace receipt_keys;

tl::unexpected<Error> damaged(ReceiptNumber number) {
    return fail(std::errc::illegal_byte_sequence,
                "stored receipt " + std::to_string(number) + " is damaged");
}

}  // namespace

Result<ReceiptStore> ReceiptStore::open(ledger::KeyValueStore& store) {
    ReceiptStore receipts(store);
    // Numbers have no gaps, so the last one can be searched by halving.
    ReceiptNumber there = 0;
    ReceiptNumber step = 1;
    while (store.get(numbered_key('r', there + step))) {
        there += step;
        step *= 2;
    }
    for (; step != 0; step /= 2) {
        if (store.get(numbered_key('r', there + step))) there += step;
    }
    receipts.next_ = there + 1;
    receipts.recount();
    if (auto loaded = receipts.load_newest(); !loaded) return fail(std::move(loaded).error());
    return receipts;
}

void ReceiptStore::recount() {
    attested_ = 0;
    const std::byte attested{'a'};
    store_->for_each(ByteView(&attested, 1), [&](ByteView, ByteView) {
        ++attested_;
        return true;
    });
}

Result<void> ReceiptStore::load_newest() {
    newest_batch_.reset();
    batched_end_ = 1;
    if (const auto known = store_->get(newest_key())) {
        Reader in(*known);
        const std::uint64_t number = in.u64();
        batched_end_ = in.u64();
        if (number == 0) return {};
        const auto value = store_->get(numbered_key('b', number));
        auto batch = decode_batch(value.value_or(Bytes{}));
        if (!batch) return fail(std::move(batch).error());
        newest_batch_ = std::move(*batch);
        return {};
    }
    auto all = batches();
    if (!all) return fail(std::move(all).error());
    for (const BatchRecord& batch : *all) batched_end_ = std::max(batched_end_, batch.end());
    if (!all->empty()) newest_batch_ = std::move(all->back());
    return {};
}

Result<ReceiptStore::Added> ReceiptStore::add(const crypto::KeyId& device_key,
                                              std::uint32_t counter,
                                              ByteView receipt,
                                              Timestamp now,
                                              const std::optional<protocol::ReceiptName>& after) {
    if (const auto used = store_->get(counter_key(device_key, counter))) {
        const ReceiptNumber number = Reader(*used).u64();
        const auto before = read(number, 1);
        if (!before) return fail(Error(before.error()));
        if (std::ranges::equal(before->front().bytes, receipt)) return Added::kKnown;
        return fail(Refusal::kReceiptReplayed,
                    "counter " + std::to_string(counter) + " is used for another receipt");
    }
    const std::uint32_t last = highest_counter(device_key);
    if (counter <= last) {
        return fail(Refusal::kReceiptReplayed,
                    "counter " + std::to_string(counter) + " after " + std::to_string(last));
    }
    if (is_held_) {
        return fail(std::errc::resource_unavailable_try_again,
                    "receipts of this gateway that were lost here are fetched first: send it again");
    }
    if (after && (after->key == device_key ? last : highest_counter(after->key)) < after->counter) {
        return Added::kBehindMissing;
    }
    ledger::WriteBatch batch;
    batch.put(numbered_key('r', next_), receipt_value(now, receipt));
    batch.put(counter_key(device_key, counter), Writer().le(next_).take());
    batch.put(highest_key(device_key), Writer().le(counter).take());
    if (auto written = store_->write_synced(batch); !written)
        return fail(std::move(written).error());
    ++next_;
    return Added::kNew;
}

std::uint32_t ReceiptStore::highest_counter(const crypto::KeyId& device_key) const {
    const auto highest = store_->get(highest_key(device_key));
    return highest ? Reader(*highest).u32() : 0;
}

std::optional<ReceiptNumber> ReceiptStore::find(const protocol::ReceiptName& name) const {
    const auto number = store_->get(counter_key(name.key, name.counter));
    return number ? std::optional(Reader(*number).u64()) : std::nullopt;
}

Result<std::vector<StoredReceipt>> ReceiptStore::read(ReceiptNumber first,
                                                      std::uint64_t count) const {
    std::vector<StoredReceipt> receipts;
    for (ReceiptNumber number = first; number < first + count; ++number) {
        const auto value = store_->get(numbered_key('r', number));
        if (!value || value->size() <= sizeof(std::uint64_t)) return damaged(number);
        Reader in(*value);
        StoredReceipt receipt;
        receipt.number = number;
        receipt.received = Timestamp{std::chrono::seconds(static_cast<std::int64_t>(in.u64()))};
        receipt.bytes = to_bytes(in.rest());
        receipts.push_back(std::move(receipt));
    }
    return receipts;
}

std::vector<ReceiptNumber> ReceiptStore::signed_by(const crypto::KeyId& device_key) const {
    Bytes prefix;
    prefix.push_back(std::byte{'i'});
    append(prefix, device_key);
    std::vector<ReceiptNumber> numbers;
    store_->for_each(prefix, [&](ByteView, ByteView value) {
        numbers.push_back(Reader(value).u64());
        return true;
    });
    // By counter, and so by number as well: a counter below one that is used is refused.
    return numbers;
}

Result<void> ReceiptStore::add_attested(const ledger::ReceiptBody& body,
                                        ByteView receipt,
                                        Timestamp now) {
    if (is_held_) return fail(std::errc::resource_unavailable_try_again, "receipts are held");
    ledger::WriteBatch batch;
    batch.put(numbered_key('r', next_), receipt_value(now, receipt));
    batch.put(attested_key(body.device, body.release, body.event), Writer().le(next_).take());
    if (auto written = store_->write_synced(batch); !written) return written;
    ++next_;
    ++attested_;
    return {};
}

std::optional<ReceiptNumber> ReceiptStore::attested(const ledger::LedgerDeviceId& device,
                                                    const ledger::LeafHash& release,
                                                    ledger::ReceiptEvent event) const {
    const auto value = store_->get(attested_key(device, release, event));
    return value ? std::optional(Reader(*value).u64()) : std::nullopt;
}

std::vector<ReceiptNumber> ReceiptStore::attested_of(const ledger::LedgerDeviceId& device) const {
    std::vector<ReceiptNumber> numbers;
    store_->for_each(attested_prefix(device), [&](ByteView, ByteView value) {
        numbers.push_back(Reader(value).u64());
        return true;
    });
    std::ranges::sort(numbers);
    return numbers;
}

std::uint32_t ReceiptStore::next_attested_counter(const ledger::LedgerDeviceId& device) const {
    std::uint32_t count = 0;
    store_->for_each(attested_prefix(device), [&](ByteView, ByteView) {
        ++count;
        return true;
    });
    return count + 1;
}

Result<void> ReceiptStore::put_batch(const BatchRecord& batch) {
    if (const auto there = store_->get(numbered_key('b', batch.batch_no))) {
        const auto before = decode_batch(*there);
        if (!before) return fail(Error(before.error()));
        if (before->first != batch.first || before->count != batch.count) {
            return fail(std::errc::file_exists,
                        "batch " + std::to_string(batch.batch_no) + " is recorded with " +
                            std::to_string(before->count) + " receipts from number " +
                            std::to_string(before->first) + " on");
        }
    }
    ledger::WriteBatch write;
    const ReceiptNumber end = std::max(batched_end_, batch.end());
    write.put(numbered_key('b', batch.batch_no), encode_batch(batch));
    write.put(newest_key(), newest_value(batch.batch_no, end));
    if (auto written = store_->write_synced(write); !written) return written;
    newest_batch_ = batch;
    batched_end_ = end;
    return {};
}

std::optional<BatchRecord> ReceiptStore::batch(std::uint64_t batch_no) const {
    const auto value = store_->get(numbered_key('b', batch_no));
    if (!value) return std::nullopt;
    auto batch = decode_batch(*value);
    if (!batch) return std::nullopt;
    return std::move(*batch);
}

Result<std::vector<BatchRecord>> ReceiptStore::batches() const {
    std::vector<BatchRecord> batches;
    std::optional<Error> damage;
    const std::byte prefix{'b'};
    store_->for_each(ByteView(&prefix, 1), [&](ByteView key, ByteView value) {
        auto batch = decode_batch(value);
        if (!batch)
            damage = std::move(batch).error();
        else if (batch->batch_no != number_of(key))
            damage = Error(damaged(batch->first).value());
        else
            batches.push_back(std::move(*batch));
        return !damage.has_value();
    });
    if (damage) return fail(std::move(*damage));
    return batches;
}

}  // namespace assay::gateway
