#include "ledger/net/bundle.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/codec.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/note.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kMagic = "ASSAYBN1";
constexpr std::size_t kDigestBytes = 32;

enum class Record : std::uint8_t { kBlock = 1, kCertificate = 2, kCheckpoint = 3, kTransaction = 4 };

tl::unexpected<Error> malformed(std::string_view why) {
    return fail(Refusal::kMalformed, "bundle: " + std::string(why));
}

void put(Writer& out, Record type, ByteView bytes) {
    out.u8(static_cast<std::uint8_t>(type)).u32(static_cast<std::uint32_t>(bytes.size()));
    out.bytes(bytes);
}

bool fits(std::size_t have, std::size_t max, std::size_t bytes, std::size_t bytes_max) noexcept {
    return have < max && bytes > 0 && bytes <= bytes_max;
}

Result<void> take(BundlePart& part, Record type, ByteView bytes) {
    const auto too_much = [] { return fail(Refusal::kLimitExceeded, "bundle: too much of a kind"); };
    switch (type) {
        case Record::kBlock:
            if (!fits(part.blocks.size(), kBundleBlocksMax, bytes.size(), kBlockBytesMax)) {
                return too_much();
            }
            part.blocks.push_back(to_bytes(bytes));
            return {};
        case Record::kCertificate: {
            if (part.certificates.size() == kBundleCertificatesMax) return too_much();
            auto certificate = decode_certificate(bytes);
            if (!certificate) return fail(std::move(certificate).error().within("bundle"));
            part.certificates.push_back(std::move(*certificate));
            return {};
        }
        case Record::kCheckpoint:
            if (!fits(part.checkpoint.size(), 1, bytes.size(), kNoteBytesMax)) return too_much();
            part.checkpoint = std::string(as_text(bytes));
            return {};
        case Record::kTransaction:
            if (!fits(part.transactions.size(), kBundleTransactionsMax, bytes.size(), kTxBytesMax)) {
                return too_much();
            }
            part.transactions.push_back(to_bytes(bytes));
            return {};
    }
    return malformed("a record of no known type");
}

}  // namespace

Bytes encode_bundle_part(const BundlePart& part) {
    Writer payload;
    payload.bytes(part.chain_id.view()).u32(part.first).u8(part.is_last ? 1 : 0);
    for (const Bytes& block : part.blocks) put(payload, Record::kBlock, block);
    for (const Certificate& certificate : part.certificates) {
        put(payload, Record::kCertificate, encode_certificate(certificate));
    }
    if (!part.checkpoint.empty()) put(payload, Record::kCheckpoint, as_bytes(part.checkpoint));
    for (const Bytes& transaction : part.transactions) put(payload, Record::kTransaction, transaction);
    const Bytes body = payload.take();
    Writer out;
    out.bytes(as_bytes(kMagic)).u32(static_cast<std::uint32_t>(body.size())).bytes(body);
    Bytes bytes = out.take();
    append(bytes, crypto::sha256(bytes).view());
    ASSAY_ASSERT(bytes.size() <= kBundlePartBytesMax);
    return bytes;
}

Result<std::size_t> bundle_part_bytes(ByteView head) {
    if (head.size() < kBundleHeadBytes) return malformed("it ends within the head of a part");
    Reader in(head);
    if (as_text(in.bytes(kMagic.size())) != kMagic) {
        return fail(Refusal::kUnknownVersion, "this is no bundle of version 1");
    }
    const std::size_t bytes = kBundleHeadBytes + in.u32() + kDigestBytes;
    if (bytes > kBundlePartBytesMax) {
        return fail(Refusal::kLimitExceeded, "bundle: a part of " + std::to_string(bytes) + " bytes");
    }
    return bytes;
}

Result<BundlePart> decode_bundle_part(ByteView bytes) {
    const auto size = bundle_part_bytes(bytes);
    if (!size) return fail(Error(size.error()));
    if (bytes.size() != *size) return malformed("a part is cut off, or something is behind it");
    const ByteView covered = bytes.first(*size - kDigestBytes);
    const Sha256Digest digest = crypto::sha256(covered);
    if (!std::ranges::equal(digest.view(), bytes.last(kDigestBytes))) {
        return malformed("a part is damaged: its digest does not match");
    }
    Reader in(covered.subspan(kBundleHeadBytes));
    BundlePart part;
    part.chain_id = in.hash<ChainId>();
    part.first = in.u32();
    const std::uint8_t last = in.u8();
    if (in.failed() || last > 1) return malformed("a part without its head");
    part.is_last = last == 1;
    std::uint8_t before = 0;
    while (!in.done()) {
        const std::uint8_t type = in.u8();
        const std::uint32_t length = in.u32();
        const ByteView record = in.bytes(length);
        if (in.failed() || type == 0 || type > 4 || type < before) {
            return malformed("a record of a wrong type, place or length");
        }
        before = type;
        if (auto taken = take(part, static_cast<Record>(type), record); !taken) {
            return fail(std::move(taken).error());
        }
    }
    if (!part.is_last && (part.blocks.empty() || before > 1)) {
        return malformed("only the last part holds anything but blocks");
    }
    return part;
}

}  // namespace assay::ledger
