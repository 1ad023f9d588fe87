#include "ledger/core/receipt.hpp"

#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kDetailBytesMax = 128;
constexpr std::size_t kExtensionBytesMax = 1024;

constexpr std::array<std::string_view, kReceiptEvents> kEvents = {
    "offered",   "downloaded", "verified",    "installed",
    "confirmed", "failed",     "rolled-back", "refused"};

Result<ReceiptBody> read_body(cbor::Decoder& decoder) {
    ReceiptBody body;
    Fields map(decoder, "receipt");
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != 1) map.refuse(Refusal::kUnknownVersion, "version is not 1");
                break;
            case 1:
                body.device = map.array<16>();
                break;
            case 2:
                body.release = map.hash<LeafHash>();
                break;
            case 3:
                body.event = map.one_of(ReceiptEvent::kRefused);
                break;
            case 4:
                body.counter = static_cast<std::uint32_t>(map.number(UINT32_MAX));
                break;
            case 5:
                body.result = static_cast<std::uint16_t>(map.number(UINT16_MAX));
                break;
            case 6:
                body.running = map.hash<Sha256Digest>();
                break;
            case 7:
                body.nonce = map.array<8>();
                break;
            case 8:
                body.slot = static_cast<std::uint8_t>(map.number(UINT8_MAX));
                break;
            case 9:
                body.time = map.number();
                break;
            case 10:
                body.attested_by_gateway = map.positive(1) == 1;
                break;
            case 11:
                body.salt = map.array<16>();
                break;
            case 12:
                body.detail = map.text(1, kDetailBytesMax);
                break;
            case 99:
                body.extensions = map.extensions(kExtensionBytesMax);
                break;
            default:
                map.unknown();
        }
    }
    if (body.salt.has_value() != body.attested_by_gateway) {
        map.refuse(Refusal::kMalformed, "salt and attestation by the gateway belong together");
    }
    return map.finish(std::move(body), {0, 1, 2, 3, 4, 5, 6, 7, 8});
}

}  // namespace

std::string_view to_string(ReceiptEvent event) noexcept {
    return kEvents.at(static_cast<std::size_t>(event));
}

Bytes encode_receipt_body(const ReceiptBody& body) {
    cbor::Encoder out;
    out.map(9 + std::size_t{body.time.has_value()} + std::size_t{body.attested_by_gateway} +
            std::size_t{body.salt.has_value()} + std::size_t{body.detail.has_value()} +
            std::size_t{!body.extensions.empty()});
    out.unsigned_int(0).unsigned_int(1);
    out.unsigned_int(1).bytes(body.device);
    out.unsigned_int(2).bytes(body.release.view());
    out.unsigned_int(3).unsigned_int(static_cast<std::uint64_t>(body.event));
    out.unsigned_int(4).unsigned_int(body.counter);
    out.unsigned_int(5).unsigned_int(body.result);
    out.unsigned_int(6).bytes(body.running.view());
    out.unsigned_int(7).bytes(body.nonce);
    out.unsigned_int(8).unsigned_int(body.slot);
    if (body.time) out.unsigned_int(9).unsigned_int(*body.time);
    if (body.attested_by_gateway) out.unsigned_int(10).unsigned_int(1);
    if (body.salt) out.unsigned_int(11).bytes(*body.salt);
    if (body.detail) out.unsigned_int(12).text(*body.detail);
    if (!body.extensions.empty()) out.unsigned_int(99).encoded(body.extensions);
    return out.take();
}

Result<Bytes> sign_receipt(const ReceiptBody& body, const crypto::PrivateKey& key) {
    return crypto::cose_sign1(key, {}, encode_receipt_body(body));
}

Result<Receipt> decode_receipt(ByteView input) {
    if (input.size() > kReceiptBytesMax)
        return fail(Refusal::kLimitExceeded, "receipt is too large");
    auto message =
        crypto::decode_cose(input, {.payload_bytes_max = kReceiptBytesMax, .signatures_max = 1});
    if (!message) return fail(std::move(message).error().within("receipt"));
    if (message->header != crypto::CoseHeader{}) {
        return fail(Refusal::kMalformed, "receipt: claims have no place here");
    }
    if (cbor::Decoder tag(input); tag.tag().value_or(0) != 18) {
        return fail(Refusal::kMalformed, "receipt: not a COSE_Sign1");
    }
    auto body = decode_whole(message->payload, read_body);
    if (!body) return fail(std::move(body).error());
    return Receipt{std::move(*body), std::move(message->signatures.front())};
}

}  // namespace assay::ledger
