#include "gateway/receipt/receipt_store.hpp"

#include <algorithm>

#include "host/base/codec.hpp"

namespace assay::gateway {
namespace {

// Keys, numbers big-endian so that they sort:
//   'r' receipt number            -> u64 time received, receipt
//   'i' device key id, counter    -> receipt number
//   'l' device key id             -> u32 highest counter
//   'b' batch number              -> batch record
//   'a' device's name on the ledger, release, event (1 byte) -> receipt number, of what we attest
template <std::unsigned_integral T>
void append_be(Bytes& out, T value) {
    for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
    }
}

Bytes numbered_key(char prefix, std::uint64_t number) {
    Bytes key;
    key.push_back(static_cast<std::byte>(prefix));
    append_be(key, number);
    return key;
}

Bytes counter_key(const crypto::KeyId& device, std::uint32_t counter) {
    Bytes key;
    key.push_back(std::byte{'i'});
    append(key, device);
    append_be(key, counter);
    return key;
}

Bytes highest_key(const crypto::KeyId& device) {
    Bytes key;
    key.push_back(std::byte{'l'});
    append(key, device);
    return key;
}

Bytes attested_prefix(const ledger::LedgerDeviceId& device) {
    Bytes key;
    key.push_back(std::byte{'a'});
    append(key, device);
    return key;
}

Bytes attested_key(const ledger::LedgerDeviceId& device,
                   const ledger::LeafHash& release,
                   ledger::ReceiptEvent event) {
    Bytes key = attested_prefix(device);
    append(key, release.view());
    key.push_back(static_cast<std::byte>(event));
    return key;
}

Bytes receipt_value(Timestamp now, ByteView receipt) {
    Writer value;
    value.le(static_cast<std::uint64_t>(now.time_since_epoch().count())).bytes(receipt);
    return value.take();
}

std::uint64_t number_of(ByteView key) {
    std::uint64_t number = 0;
    for (const std::byte digit : key.subspan(1)) {
        number = number << 8U | std::to_integer<std::uint64_t>(digit);
    }
    return number;
}

Bytes encode_batch(const BatchRecord& batch) {
    Writer out;
    out.le(batch.batch_no).le(batch.first).le(batch.count);
    out.bytes(batch.root.view()).bytes(batch.leaf.view()).le(batch.valid_until);
    out.bytes(batch.transaction);
    return out.take();
}

Result<BatchRecord> decode_batch(ByteView bytes) {
    Reader in(bytes);
    BatchRecord batch;
    batch.batch_no = in.u64();
    batch.first = in.u64();
    batch.count = in.u64();
    batch.root = in.hash<LogHash>();
    batch.leaf = in.hash<ledger::LeafHash>();
    batch.valid_until = in.u32();
    batch.transaction = to_bytes(in.rest());
    if (in.failed() || batch.transaction.empty()) {
        return fail(std::errc::illegal_byte_sequence, "stored receipt batch is damaged");
    }
    return batch;
}

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
    const std::byte attested{'a'};
    store.for_each(ByteView(&attested, 1), [&](ByteView, ByteView) {
        ++receipts.attested_;
        return true;
    });

    auto batches = receipts.batches();
    if (!batches) return fail(std::move(batches).error());
    if (!batches->empty()) receipts.newest_batch_ = std::move(batches->back());
    return receipts;
}

Result<ReceiptStore::Added> ReceiptStore::add(const crypto::KeyId& device_key,
                                              std::uint32_t counter,
                                              ByteView receipt,
                                              Timestamp now) {
    if (const auto used = store_->get(counter_key(device_key, counter))) {
        const ReceiptNumber number = Reader(*used).u64();
        const auto before = read(number, 1);
        if (!before) return fail(Error(before.error()));
        if (std::ranges::equal(before->front().bytes, receipt)) return Added::kKnown;
        return fail(Refusal::kReceiptReplayed,
                    "counter " + std::to_string(counter) + " is used for another receipt");
    }
    if (const auto highest = store_->get(highest_key(device_key))) {
        if (const std::uint32_t last = Reader(*highest).u32(); counter <= last) {
            return fail(Refusal::kReceiptReplayed,
                        "counter " + std::to_string(counter) + " after " + std::to_string(last));
        }
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
    write.put(numbered_key('b', batch.batch_no), encode_batch(batch));
    if (auto written = store_->write_synced(write); !written) return written;
    newest_batch_ = batch;
    return {};
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
