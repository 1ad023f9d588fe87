#include "ledger/net/peer_message.hpp"

#include <array>

#include "host/base/assert.hpp"
#include "host/base/codec.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/note.hpp"

namespace assay::ledger {
namespace {

constexpr std::array<std::string_view, 15> kNames = {
    "hello",    "ping",  "pong",        "get-headers", "headers",   "announce",
    "get-data", "block", "transaction", "checkpoint",  "not-found", "vote",
    "epoch-signature", "get-blob", "blob-part"};

constexpr std::size_t kItemBytes = 33;  // kind and hash

// --- encoding -----------------------------------------------------------------------------------

void put(Writer& out, const InventoryItem& item) {
    out.u8(static_cast<std::uint8_t>(item.kind)).bytes(item.hash.view());
}

void put(Writer& out, const Hello& hello) {
    out.u16(kPeerProtocol).bytes(hello.chain_id.view()).u16(hello.slot);
    out.u32(hello.tip_height).bytes(hello.tip_id.view());
}
void put(Writer& out, const Ping& ping) { out.u64(ping.nonce); }
void put(Writer& out, const Pong& pong) { out.u64(pong.nonce); }
void put(Writer& out, const GetHeaders& request) {
    ASSAY_ASSERT(request.locator.size() <= kLocatorMax);
    out.u8(static_cast<std::uint8_t>(request.locator.size()));
    for (const BlockId& id : request.locator) out.bytes(id.view());
}
void put(Writer& out, const Headers& message) {
    ASSAY_ASSERT(message.headers.size() <= kHeadersMax);
    out.u16(static_cast<std::uint16_t>(message.headers.size()));
    for (const SealedHeader& header : message.headers) out.bytes(encode(header));
}
void put(Writer& out, const Announce& announce) {
    ASSAY_ASSERT(announce.items.size() <= kAnnounceMax);
    out.u16(static_cast<std::uint16_t>(announce.items.size()));
    for (const InventoryItem& item : announce.items) put(out, item);
}
void put(Writer& out, const GetData& request) {
    ASSAY_ASSERT(request.items.size() <= kGetDataMax);
    out.u8(static_cast<std::uint8_t>(request.items.size()));
    for (const InventoryItem& item : request.items) put(out, item);
}
void put(Writer& out, const BlockMessage& block) { out.bytes(block.bytes); }
void put(Writer& out, const TransactionMessage& transaction) { out.bytes(transaction.bytes); }
void put(Writer& out, const CheckpointMessage& checkpoint) { out.bytes(as_bytes(checkpoint.text)); }
void put(Writer& out, const NotFound& answer) {
    put(out, answer.item);
    out.u32(answer.first_block);
}
void put(Writer& out, const VoteMessage& message) { out.bytes(encode_vote(message.vote)); }
void put(Writer& out, const EpochSignatureMessage& message) {
    out.bytes(message.record_hash.view()).u16(message.signature.slot);
    out.bytes(message.signature.signature);
}
void put(Writer& out, const GetBlob& request) { out.bytes(request.hash.view()).u32(request.offset); }
void put(Writer& out, const BlobPart& part) {
    ASSAY_ASSERT(part.bytes.size() <= kBlobPartBytesMax);
    out.bytes(part.hash.view()).u32(part.offset).bytes(part.bytes);
}

// --- decoding -----------------------------------------------------------------------------------

tl::unexpected<Error> too_many(std::string_view what, std::size_t count, std::size_t max) {
    return fail(Refusal::kLimitExceeded, std::string(what) + ": " + std::to_string(count) +
                                             " where at most " + std::to_string(max) + " may be");
}

tl::unexpected<Error> malformed(std::string_view what) {
    return fail(Refusal::kMalformed, std::string(what) + ": wrong length or field");
}

bool read_item(Reader& in, InventoryItem& item) {
    const std::uint8_t kind = in.u8();
    item.hash = in.hash<Sha256Digest>();
    if (kind != 1 && kind != 2) return false;
    item.kind = static_cast<InventoryKind>(kind);
    return !in.failed();
}

Result<PeerMessage> decode_hello(Reader in) {
    const std::uint16_t protocol = in.u16();
    Hello hello;
    hello.chain_id = in.hash<ChainId>();
    hello.slot = in.u16();
    hello.tip_height = in.u32();
    hello.tip_id = in.hash<BlockId>();
    // Said before the length: a later protocol may well have a longer hello.
    if (!in.failed() && protocol != kPeerProtocol) {
        return fail(Refusal::kUnknownVersion, "hello: protocol " + std::to_string(protocol) +
                                                  ", we speak " + std::to_string(kPeerProtocol));
    }
    if (!in.done()) return malformed("hello");
    return PeerMessage{hello};
}

template <typename Message>
Result<PeerMessage> decode_nonce(Reader in, std::string_view what) {
    Message message;
    message.nonce = in.u64();
    if (!in.done()) return malformed(what);
    return PeerMessage{message};
}

Result<PeerMessage> decode_get_headers(Reader in) {
    const std::size_t count = in.u8();
    if (count > kLocatorMax) return too_many("get-headers", count, kLocatorMax);
    if (in.failed() || in.rest().size() != count * 32) return malformed("get-headers");
    GetHeaders request;
    for (std::size_t i = 0; i < count; ++i) request.locator.push_back(in.hash<BlockId>());
    return PeerMessage{std::move(request)};
}

Result<PeerMessage> decode_headers(Reader in) {
    const std::size_t count = in.u16();
    if (count > kHeadersMax) return too_many("headers", count, kHeadersMax);
    if (in.failed() || in.rest().size() != count * kSealedHeaderBytes) {
        return malformed("headers");
    }
    Headers message;
    message.headers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const ByteView raw = in.bytes(kSealedHeaderBytes);
        message.headers.push_back(decode_sealed_header(raw.first<kSealedHeaderBytes>()));
    }
    return PeerMessage{std::move(message)};
}

template <typename Message, typename Count>
Result<PeerMessage> decode_items(Reader in, std::size_t max, std::string_view what) {
    const std::size_t count = in.le<Count>();
    if (count > max) return too_many(what, count, max);
    if (in.failed() || in.rest().size() != count * kItemBytes) return malformed(what);
    Message message;
    message.items.resize(count);
    for (InventoryItem& item : message.items) {
        if (!read_item(in, item)) return malformed(what);
    }
    return PeerMessage{std::move(message)};
}

Result<PeerMessage> decode_not_found(Reader in) {
    NotFound answer;
    if (!read_item(in, answer.item)) return malformed("not-found");
    answer.first_block = in.u32();
    if (!in.done()) return malformed("not-found");
    return PeerMessage{answer};
}

Result<PeerMessage> decode_epoch_signature(Reader in) {
    EpochSignatureMessage message;
    message.record_hash = in.hash<Sha256Digest>();
    message.signature.slot = in.u16();
    message.signature.signature = to_bytes(in.bytes(crypto::kSignatureBytes));
    if (!in.done()) return malformed("epoch-signature");
    return PeerMessage{std::move(message)};
}

Result<PeerMessage> decode_get_blob(Reader in) {
    GetBlob request;
    request.hash = in.hash<Sha256Digest>();
    request.offset = in.u32();
    if (!in.done()) return malformed("get-blob");
    return PeerMessage{request};
}

Result<PeerMessage> decode_blob_part(Reader in) {
    BlobPart part;
    part.hash = in.hash<Sha256Digest>();
    part.offset = in.u32();
    if (in.failed()) return malformed("blob-part");
    const ByteView bytes = in.rest();
    if (bytes.size() > kBlobPartBytesMax) {
        return too_many("blob-part", bytes.size(), kBlobPartBytesMax);
    }
    part.bytes = to_bytes(bytes);
    return PeerMessage{std::move(part)};
}

Result<ByteView> bounded(ByteView payload, std::size_t max, std::string_view what) {
    if (payload.empty()) return malformed(what);
    if (payload.size() > max) return too_many(what, payload.size(), max);
    return payload;
}

}  // namespace

std::string_view name_of(const PeerMessage& message) noexcept { return kNames[message.index()]; }

Bytes encode_frame(const PeerMessage& message) {
    Writer payload;
    payload.u8(static_cast<std::uint8_t>(message.index() + 1));
    std::visit([&](const auto& alternative) { put(payload, alternative); }, message);
    const Bytes body = payload.take();
    ASSAY_ASSERT(body.size() <= kFrameBytesMax);
    Writer frame;
    frame.u32(static_cast<std::uint32_t>(body.size())).bytes(body);
    return frame.take();
}

Result<PeerMessage> decode_message(ByteView body) {
    if (body.empty()) return malformed("frame without a type");
    if (body.size() > kFrameBytesMax) return too_many("frame", body.size(), kFrameBytesMax);
    const auto type = std::to_integer<std::uint8_t>(body[0]);
    const ByteView payload = body.subspan(1);
    Reader in(payload);
    switch (type) {
        case 1:
            return decode_hello(in);
        case 2:
            return decode_nonce<Ping>(in, "ping");
        case 3:
            return decode_nonce<Pong>(in, "pong");
        case 4:
            return decode_get_headers(in);
        case 5:
            return decode_headers(in);
        case 6:
            return decode_items<Announce, std::uint16_t>(in, kAnnounceMax, "announce");
        case 7:
            return decode_items<GetData, std::uint8_t>(in, kGetDataMax, "get-data");
        case 8:
            return bounded(payload, kBlockBytesMax, "block").map([](ByteView bytes) {
                return PeerMessage{BlockMessage{to_bytes(bytes)}};
            });
        case 9:
            return bounded(payload, kTxBytesMax, "transaction").map([](ByteView bytes) {
                return PeerMessage{TransactionMessage{to_bytes(bytes)}};
            });
        case 10:
            return bounded(payload, kNoteBytesMax, "checkpoint").map([](ByteView bytes) {
                return PeerMessage{CheckpointMessage{std::string(as_text(bytes))}};
            });
        case 11:
            return decode_not_found(in);
        case 12:
            return decode_vote(payload).map(
                [](const Vote& vote) { return PeerMessage{VoteMessage{vote}}; });
        case 13:
            return decode_epoch_signature(in);
        case 14:
            return decode_get_blob(in);
        case 15:
            return decode_blob_part(in);
        default:
            return fail(Refusal::kUnknownType, "frame of type " + std::to_string(type));
    }
}

}  // namespace assay::ledger
