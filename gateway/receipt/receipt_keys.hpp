// How receipts and batches lie in the gateway's store. Used by receipt_store.cpp and
// receipt_store_restore.cpp alone. Pure.
//
// Keys, numbers big-endian so that they sort:
//   'r' receipt number            -> u64 time received, receipt
//   'i' device key id, counter    -> receipt number
//   'l' device key id             -> u32 highest counter
//   'b' batch number              -> batch record
//   'n'                           -> u64 newest batch number, u64 first receipt in no batch
//   'x' batch number              -> of one that is lost: leaf, u64 count, u64 first and last time
//   'a' device's name on the ledger, release, event (1 byte) -> receipt number, of what we attest

#pragma once

#include "gateway/receipt/receipt_store.hpp"
#include "host/base/codec.hpp"

namespace assay::gateway::receipt_keys {

template <std::unsigned_integral T>
void append_be(Bytes& out, T value) {
    for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::byte>((value >> shift) & 0xff));
    }
}

[[nodiscard]] inline Bytes numbered_key(char prefix, std::uint64_t number) {
    Bytes key;
    key.push_back(static_cast<std::byte>(prefix));
    append_be(key, number);
    return key;
}

[[nodiscard]] inline Bytes counter_key(const crypto::KeyId& device, std::uint32_t counter) {
    Bytes key;
    key.push_back(std::byte{'i'});
    append(key, device);
    append_be(key, counter);
    return key;
}

[[nodiscard]] inline Bytes highest_key(const crypto::KeyId& device) {
    Bytes key;
    key.push_back(std::byte{'l'});
    append(key, device);
    return key;
}

[[nodiscard]] inline Bytes attested_prefix(const ledger::LedgerDeviceId& device) {
    Bytes key;
    key.push_back(std::byte{'a'});
    append(key, device);
    return key;
}

[[nodiscard]] inline Bytes attested_key(const ledger::LedgerDeviceId& device,
                                        const ledger::LeafHash& release,
                                        ledger::ReceiptEvent event) {
    Bytes key = attested_prefix(device);
    append(key, release.view());
    key.push_back(static_cast<std::byte>(event));
    return key;
}

[[nodiscard]] inline Bytes receipt_value(Timestamp now, ByteView receipt) {
    Writer value;
    value.le(static_cast<std::uint64_t>(now.time_since_epoch().count())).bytes(receipt);
    return value.take();
}

[[nodiscard]] inline std::uint64_t number_of(ByteView key) {
    std::uint64_t number = 0;
    for (const std::byte digit : key.subspan(1)) {
        number = number << 8U | std::to_integer<std::uint64_t>(digit);
    }
    return number;
}

[[nodiscard]] inline Bytes encode_batch(const BatchRecord& batch) {
    Writer out;
    out.le(batch.batch_no).le(batch.first).le(batch.count);
    out.bytes(batch.root.view()).bytes(batch.leaf.view()).le(batch.valid_until);
    out.bytes(batch.transaction);
    return out.take();
}

[[nodiscard]] inline Result<BatchRecord> decode_batch(ByteView bytes) {
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

[[nodiscard]] inline Bytes newest_key() { return {std::byte{'n'}}; }

[[nodiscard]] inline Bytes newest_value(std::uint64_t batch_no, ReceiptNumber batched_end) {
    return Writer().le(batch_no).le(batched_end).take();
}

}  // namespace assay::gateway::receipt_keys
