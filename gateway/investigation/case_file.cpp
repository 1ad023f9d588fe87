#include "gateway/investigation/case_file.hpp"

#include "host/crypto/cose_large.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::gateway {
namespace {

using ledger::Fields;

constexpr std::size_t kNameBytesMax = 64;  // of devices and members
constexpr std::byte kCoseSign1Tag{0xd2};

void encode_path(cbor::Encoder& out, const std::vector<LogHash>& path) {
    out.array(path.size());
    for (const LogHash& hash : path) out.bytes(hash.view());
}

std::vector<LogHash> read_path(Fields& map, std::size_t max = crypto::kInclusionPathMax) {
    return map.list(0, max,
                    [](cbor::Decoder& in) { return in.hash<LogHash>(); });
}

void encode_question(cbor::Encoder& out, const CaseQuestion& question) {
    out.map(std::size_t{question.device.has_value()} + std::size_t{question.release.has_value()} +
            std::size_t{question.from.has_value()} + std::size_t{question.to.has_value()});
    if (question.device) out.unsigned_int(1).text(*question.device);
    if (question.release) out.unsigned_int(2).bytes(question.release->view());
    if (question.from) out.unsigned_int(3).unsigned_int(*question.from);
    if (question.to) out.unsigned_int(4).unsigned_int(*question.to);
}

Result<CaseQuestion> read_question(cbor::Decoder& decoder) {
    CaseQuestion question;
    Fields map(decoder, "case question");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                question.device = map.text(1, kNameBytesMax);
                break;
            case 2:
                question.release = map.hash<ledger::LeafHash>();
                break;
            case 3:
                question.from = map.number();
                break;
            case 4:
                question.to = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(question), {});
}

void encode_entry(cbor::Encoder& out, const CaseEntry& entry) {
    out.map(5);
    out.unsigned_int(1).bytes(entry.transaction);
    out.unsigned_int(2).unsigned_int(entry.index);
    encode_path(out.unsigned_int(3), entry.path);
    out.unsigned_int(4).unsigned_int(entry.height);
    out.unsigned_int(5).unsigned_int(entry.time);
}

Result<CaseEntry> read_entry(cbor::Decoder& decoder) {
    CaseEntry entry;
    Fields map(decoder, "case entry");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                entry.transaction = map.bytes(ledger::kProvenEntryBytesMax);
                break;
            case 2:
                entry.index = map.number();
                break;
            case 3:
                entry.path = read_path(map);
                break;
            case 4:
                entry.height = map.number(UINT32_MAX);
                break;
            case 5:
                entry.time = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(entry), {1, 2, 3, 4, 5});
}

void encode_log(cbor::Encoder& out, const CaseLog& log) {
    out.map(2);
    out.unsigned_int(1).text(log.checkpoint);
    out.unsigned_int(2).array(log.entries.size());
    for (const CaseEntry& entry : log.entries) encode_entry(out, entry);
}

Result<CaseLog> read_log(cbor::Decoder& decoder) {
    CaseLog log;
    Fields map(decoder, "case log");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                log.checkpoint = map.text(0, kCaseNoteBytesMax);
                break;
            case 2:
                log.entries = map.list(0, kCaseEntriesMax, read_entry);
                break;
            default:
                map.unknown();
        }
    }
    for (std::size_t i = 1; i < log.entries.size(); ++i) {
        if (log.entries[i - 1].index >= log.entries[i].index) {
            map.refuse(Refusal::kMalformed, "the entries are not in the order of the log");
        }
    }
    if (log.checkpoint.empty() && !log.entries.empty()) {
        map.refuse(Refusal::kMalformed, "entries without a checkpoint");
    }
    return map.finish(std::move(log), {1, 2});
}

void encode_device(cbor::Encoder& out, const CaseDevice& device) {
    out.map(3U + std::size_t{device.salt.has_value()} + std::size_t{device.has_more_keys});
    out.unsigned_int(1).text(device.id);
    out.unsigned_int(2).bytes(device.ledger_id);
    if (device.salt) out.unsigned_int(3).bytes(device.salt->view());
    out.unsigned_int(4).array(device.keys.size());
    for (const crypto::PublicKey& key : device.keys) ledger::encode_public_key(out, key);
    if (device.has_more_keys) out.unsigned_int(5).unsigned_int(1);
}

Result<CaseDevice> read_device(cbor::Decoder& decoder) {
    CaseDevice device;
    Fields map(decoder, "case device");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                device.id = map.text(1, kNameBytesMax);
                break;
            case 2:
                device.ledger_id = map.array<16>();
                break;
            case 3:
                device.salt = map.hash<ledger::DeviceSalt>();
                break;
            case 4:
                device.keys = map.list(0, kCaseKeysMax, ledger::decode_public_key);
                break;
            case 5:
                device.has_more_keys = map.positive(1) == 1;
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(device), {1, 2, 4});
}

void encode_receipt(cbor::Encoder& out, const CaseReceipt& receipt) {
    out.map(receipt.place ? 5U : 2U);
    out.unsigned_int(1).bytes(receipt.receipt);
    out.unsigned_int(2).unsigned_int(receipt.received);
    if (!receipt.place) return;
    out.unsigned_int(3).bytes(receipt.place->batch.view());
    out.unsigned_int(4).unsigned_int(receipt.place->index);
    encode_path(out.unsigned_int(5), receipt.place->path);
}

Result<CaseReceipt> read_receipt(cbor::Decoder& decoder) {
    CaseReceipt receipt;
    CasePlace place;
    unsigned parts = 0;
    Fields map(decoder, "case receipt");
    while (const auto key = map.next()) {
        if (*key >= 3) ++parts;
        switch (*key) {
            case 1:
                receipt.receipt = map.bytes(ledger::kReceiptBytesMax);
                break;
            case 2:
                receipt.received = map.number();
                break;
            case 3:
                place.batch = map.hash<ledger::LeafHash>();
                break;
            case 4:
                place.index = map.number();
                break;
            case 5:
                place.path = read_path(map);
                break;
            default:
                map.unknown();
        }
    }
    if (parts == 3) receipt.place = std::move(place);
    if (parts != 0 && parts != 3) map.refuse(Refusal::kMalformed, "half of a place in a batch");
    return map.finish(std::move(receipt), {1, 2});
}

void encode_anchor(cbor::Encoder& out, const CaseAnchor& anchor) {
    out.map(2);
    out.unsigned_int(1).bytes(anchor.leaf.view());
    encode_path(out.unsigned_int(2), anchor.path);
}

Result<CaseAnchor> read_anchor(cbor::Decoder& decoder) {
    CaseAnchor anchor;
    Fields map(decoder, "case anchor");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                anchor.leaf = map.hash<ledger::LeafHash>();
                break;
            case 2:
                anchor.path = read_path(map, crypto::kConsistencyPathMax);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(anchor), {1, 2});
}

Result<std::uint64_t> read_number(cbor::Decoder& decoder) { return decoder.unsigned_int(); }

Result<CaseFile> read_case(cbor::Decoder& decoder) {
    CaseFile file;
    Fields map(decoder, "case file");
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != 1) map.refuse(Refusal::kUnknownVersion, "version is not 1");
                break;
            case 1:
                file.gateway = map.text(1, kNameBytesMax);
                break;
            case 2:
                file.key = map.public_key();
                break;
            case 3:
                file.written = map.number();
                break;
            case 4:
                file.question = map.take(read_question(decoder)).value_or(CaseQuestion{});
                break;
            case 5:
                file.consortium = map.take(read_log(decoder)).value_or(CaseLog{});
                break;
            case 6:
                file.receipts_log = map.take(read_log(decoder)).value_or(CaseLog{});
                break;
            case 7:
                file.devices = map.list(0, kCaseDevicesMax, read_device);
                break;
            case 8:
                file.receipts = map.list(0, kCaseReceiptsMax, read_receipt);
                break;
            case 9:
                file.anchor = map.take(read_anchor(decoder));
                break;
            case 10:
                file.lost_batches = map.list(1, kCaseLostMax, read_number);
                break;
            default:
                map.unknown();
        }
    }
    for (std::size_t i = 1; i < file.devices.size(); ++i) {
        if (file.devices[i - 1].id >= file.devices[i].id) {
            map.refuse(Refusal::kMalformed, "the devices are not in the order of their ids");
        }
    }
    for (std::size_t i = 1; i < file.lost_batches.size(); ++i) {
        if (file.lost_batches[i - 1] >= file.lost_batches[i]) {
            map.refuse(Refusal::kMalformed, "the lost batches are not in their order");
        }
    }
    return map.finish(std::move(file), {0, 1, 2, 3, 4, 5, 6, 7, 8});
}

Bytes encode_case(const CaseFile& file) {
    cbor::Encoder out;
    out.map(9U + std::size_t{file.anchor.has_value()} + std::size_t{!file.lost_batches.empty()});
    out.unsigned_int(0).unsigned_int(1);
    out.unsigned_int(1).text(file.gateway);
    ledger::encode_public_key(out.unsigned_int(2), file.key);
    out.unsigned_int(3).unsigned_int(file.written);
    encode_question(out.unsigned_int(4), file.question);
    encode_log(out.unsigned_int(5), file.consortium);
    encode_log(out.unsigned_int(6), file.receipts_log);
    out.unsigned_int(7).array(file.devices.size());
    for (const CaseDevice& device : file.devices) encode_device(out, device);
    out.unsigned_int(8).array(file.receipts.size());
    for (const CaseReceipt& receipt : file.receipts) encode_receipt(out, receipt);
    if (file.anchor) encode_anchor(out.unsigned_int(9), *file.anchor);
    if (!file.lost_batches.empty()) {
        out.unsigned_int(10).array(file.lost_batches.size());
        for (const std::uint64_t number : file.lost_batches) out.unsigned_int(number);
    }
    return out.take();
}

}  // namespace

Result<Bytes> sign_case_file(const CaseFile& file, const crypto::PrivateKey& key) {
    crypto::CoseLimits limits;
    limits.payload_bytes_max = kCaseFileBytesMax;
    auto bytes = crypto::cose_sign1_large(key, {}, encode_case(file), limits);
    if (bytes && bytes->size() > kCaseFileBytesMax) {
        return fail(Refusal::kLimitExceeded, "the case file would be larger than 64 MiB");
    }
    return bytes;
}

Result<CaseFile> open_case_file(ByteView input) {
    if (input.size() > kCaseFileBytesMax) {
        return fail(Refusal::kLimitExceeded, "case file is too large");
    }
    if (!looks_like_case_file(input)) {
        return fail(Refusal::kMalformed, "case file: not a COSE_Sign1");
    }
    const auto message =
        crypto::decode_cose(input, {.payload_bytes_max = kCaseFileBytesMax, .signatures_max = 1});
    if (!message) return fail(Error(message.error()).within("case file"));
    if (message->header != crypto::CoseHeader{}) {
        return fail(Refusal::kMalformed, "case file: claims have no place here");
    }
    auto file = ledger::decode_whole(message->payload, read_case);
    if (!file) return file;
    if (!crypto::verify(message->signatures.front(), file->key)) {
        return fail(Refusal::kSignatureInvalid, "case file: the gateway's signature");
    }
    return file;
}

bool looks_like_case_file(ByteView input) noexcept {
    return !input.empty() && input.front() == kCoseSign1Tag;
}

}  // namespace assay::gateway
