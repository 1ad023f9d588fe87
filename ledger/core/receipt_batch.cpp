#include "ledger/core/receipt_batch.hpp"

#include <algorithm>
#include <numeric>

#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

Result<ConsortiumHead> read_head(cbor::Decoder& decoder) {
    ConsortiumHead head;
    Fields map(decoder, "consortium head");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                head.height = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 2:
                head.id = map.hash<BlockId>();
                break;
            case 3:
                head.log_size = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(head, {1, 2, 3});
}

Result<std::uint64_t> read_count(cbor::Decoder& decoder) {
    return decoder.unsigned_int(kBatchReceiptsMax);
}

Result<ReceiptBatch> read_batch(cbor::Decoder& decoder) {
    ReceiptBatch batch;
    Fields map(decoder, "receipt-batch");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                batch.batch_no = map.positive();
                break;
            case 2:
                batch.previous_root = map.hash<LogHash>();
                break;
            case 3:
                batch.count = map.positive(kBatchReceiptsMax);
                break;
            case 4:
                batch.root = map.hash<LogHash>();
                break;
            case 5: {
                const auto counts = map.list(kReceiptEvents, kReceiptEvents, read_count);
                std::copy(counts.begin(), counts.end(), batch.events.begin());
                break;
            }
            case 6:
                batch.first_time = map.number();
                break;
            case 7:
                batch.last_time = map.number();
                break;
            case 8:
                batch.blob_sha256 = map.hash<Sha256Digest>();
                break;
            case 9:
                batch.blob_bytes = map.positive(kReceiptBlobBytesMax);
                break;
            case 10:
                batch.consortium = map.take(read_head(decoder)).value_or(ConsortiumHead{});
                break;
            default:
                map.unknown();
        }
    }
    if (std::accumulate(batch.events.begin(), batch.events.end(), std::uint64_t{0}) !=
        batch.count) {
        map.refuse(Refusal::kMalformed, "the counts per event do not add up");
    }
    if (batch.first_time > batch.last_time) {
        map.refuse(Refusal::kMalformed, "the first receipt is later than the last");
    }
    return map.finish(std::move(batch), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

Result<ByteView> read_receipt(cbor::Decoder& decoder) {
    auto receipt = decoder.bytes(kReceiptBytesMax);
    if (receipt && receipt->empty())
        return fail(Refusal::kMalformed, "receipt blob: empty receipt");
    return receipt;
}

Result<std::vector<ByteView>> read_blob(cbor::Decoder& decoder) {
    auto count = decoder.array(kBatchReceiptsMax);
    if (!count) return fail(std::move(count).error().within("receipt blob"));
    if (*count == 0) return fail(Refusal::kMalformed, "receipt blob: no receipts");
    std::vector<ByteView> receipts;
    for (std::size_t i = 0; i < *count; ++i) {
        auto receipt = read_receipt(decoder);
        if (!receipt) return fail(std::move(receipt).error());
        receipts.push_back(*receipt);
    }
    return receipts;
}

}  // namespace

Bytes encode_receipt_batch(const ReceiptBatch& batch) {
    cbor::Encoder out;
    out.map(10);
    out.unsigned_int(1).unsigned_int(batch.batch_no);
    out.unsigned_int(2).bytes(batch.previous_root.view());
    out.unsigned_int(3).unsigned_int(batch.count);
    out.unsigned_int(4).bytes(batch.root.view());
    out.unsigned_int(5).array(batch.events.size());
    for (const std::uint64_t count : batch.events) out.unsigned_int(count);
    out.unsigned_int(6).unsigned_int(batch.first_time);
    out.unsigned_int(7).unsigned_int(batch.last_time);
    out.unsigned_int(8).bytes(batch.blob_sha256.view());
    out.unsigned_int(9).unsigned_int(batch.blob_bytes);
    out.unsigned_int(10).map(3);
    out.unsigned_int(1).unsigned_int(batch.consortium.height);
    out.unsigned_int(2).bytes(batch.consortium.id.view());
    out.unsigned_int(3).unsigned_int(batch.consortium.log_size);
    return out.take();
}

Result<ReceiptBatch> decode_receipt_batch(ByteView input) {
    return decode_whole(input, read_batch);
}

std::string receipt_batch_subject(Slot slot, std::uint64_t batch_no) {
    return "receipt-batch/" + std::to_string(slot) + "/" + std::to_string(batch_no);
}

LogHash receipt_root(std::span<const Bytes> receipts) {
    crypto::CompactRange range;
    for (const Bytes& receipt : receipts) range.append(crypto::leaf_hash(receipt));
    return range.root();
}

Bytes encode_receipt_blob(std::span<const Bytes> receipts) {
    cbor::Encoder out;
    out.array(receipts.size());
    for (const Bytes& receipt : receipts) out.bytes(receipt);
    return out.take();
}

Result<std::vector<ByteView>> decode_receipt_blob(ByteView blob) {
    return decode_whole(blob, read_blob);
}

}  // namespace assay::ledger
