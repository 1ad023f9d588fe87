#include "host/ipfs/cid.hpp"

#include "host/base/assert.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/varint.hpp"

namespace assay::ipfs {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kCidV0TextSize = 46;

Result<void> check_multihash(std::uint64_t code, std::uint64_t size) {
    switch (static_cast<HashCode>(code)) {
        case HashCode::kIdentity:
            if (size <= kIdentityBytesMax) return {};
            return fail(Refusal::kCidUnsupported, "identity CID of " + std::to_string(size) +
                                                      " bytes, at most 128 (IPIP-512)");
        case HashCode::kSha256:
        case HashCode::kDblSha256:
            // A shortened digest would be easier to forge.
            if (size == kDigestBytes) return {};
            return fail(Refusal::kCidUnsupported,
                        "SHA-256 digest of " + std::to_string(size) + " bytes, not 32");
    }
    return fail(Refusal::kCidUnsupported,
                "hash function " + std::to_string(code) +
                    " is not on the allow-list (sha2-256, dbl-sha2-256, identity)");
}

}  // namespace

Cid Cid::v0(const Sha256Digest& digest) {
    return Cid(0, Codec::kDagPb, HashCode::kSha256, digest.view());
}
Cid Cid::raw_sha256(const Sha256Digest& digest) {
    return Cid(1, Codec::kRaw, HashCode::kSha256, digest.view());
}
Cid Cid::dag_pb_sha256(const Sha256Digest& digest) {
    return Cid(1, Codec::kDagPb, HashCode::kSha256, digest.view());
}

Sha256Digest Cid::sha256() const noexcept {
    ASSAY_ASSERT(hash_code_ == HashCode::kSha256);
    return Sha256Digest::from(digest_);
}

Bytes Cid::multihash() const {
    Bytes out;
    append_varint(out, static_cast<std::uint64_t>(hash_code_));
    append_varint(out, digest_.size());
    append(out, digest_);
    return out;
}

Bytes Cid::bytes() const {
    Bytes out;
    if (version_ == 1) {
        append_varint(out, 1);
        append_varint(out, static_cast<std::uint64_t>(codec_));
    }
    append(out, multihash());
    return out;
}

std::string Cid::to_string() const {
    return version_ == 0 ? encode_digits(Base::kBase58Btc, bytes()) : to_string(Base::kBase32);
}

std::string Cid::to_string(Base base) const {
    ASSAY_ASSERT(version_ == 1);
    return encode_multibase(base, bytes());
}

namespace {

// The parts of a CID as they lie in the bytes.
struct CidParts {
    bool is_v0 = false;
    std::uint64_t codec = static_cast<std::uint64_t>(Codec::kDagPb);
    std::uint64_t hash_code = 0;
    std::uint64_t digest_bytes = 0;
};

// Leaves `rest` in front of the digest.
Result<CidParts> take_parts(ByteView& rest) {
    CidParts parts;
    ByteView left = rest;
    auto version = take_varint(left, kMultiformatVarintBytes);
    if (!version) return fail(std::move(version).error().within("CID"));
    // 0x12 is no version but the sha2-256 that starts a bare multihash: CIDv0.
    parts.is_v0 = *version == static_cast<std::uint64_t>(HashCode::kSha256);
    if (parts.is_v0) {
        left = rest;
    } else if (*version == 1) {
        auto number = take_varint(left, kMultiformatVarintBytes);
        if (!number) return fail(std::move(number).error().within("CID codec"));
        parts.codec = *number;
    } else {
        return fail(Refusal::kMalformed, "CID version " + std::to_string(*version));
    }
    auto hash_code = take_varint(left, kMultiformatVarintBytes);
    if (!hash_code) return fail(std::move(hash_code).error().within("CID hash function"));
    auto size = take_varint(left, kMultiformatVarintBytes);
    if (!size) return fail(std::move(size).error().within("CID digest length"));
    parts.hash_code = *hash_code;
    parts.digest_bytes = *size;
    rest = left;
    return parts;
}

tl::unexpected<Error> cut_off() { return fail(Refusal::kMalformed, "CID digest is cut off"); }

}  // namespace

Result<Cid> take_cid(ByteView& rest) {
    ByteView left = rest;
    auto parts = take_parts(left);
    if (!parts) return fail(std::move(parts).error());
    if (auto allowed = check_multihash(parts->hash_code, parts->digest_bytes); !allowed) {
        return fail(std::move(allowed).error());
    }
    if (parts->digest_bytes > left.size()) return cut_off();
    Cid cid(parts->is_v0 ? 0 : 1, Codec{parts->codec}, HashCode{parts->hash_code},
            left.first(parts->digest_bytes));
    rest = left.subspan(parts->digest_bytes);
    return cid;
}

Result<ByteView> take_cid_bytes(ByteView& rest) {
    ByteView left = rest;
    auto parts = take_parts(left);
    if (!parts) return fail(std::move(parts).error());
    if (parts->digest_bytes > kIdentityBytesMax) {
        return fail(Refusal::kCidUnsupported,
                    "CID digest of " + std::to_string(parts->digest_bytes) + " bytes, at most 128");
    }
    if (parts->digest_bytes > left.size()) return cut_off();
    const ByteView bytes = rest.first(rest.size() - left.size() + parts->digest_bytes);
    rest = left.subspan(parts->digest_bytes);
    return bytes;
}

Result<Cid> decode_cid(ByteView bytes) {
    ByteView rest = bytes;
    auto cid = take_cid(rest);
    if (!cid) return cid;
    if (!rest.empty()) {
        return fail(Refusal::kMalformed,
                    std::to_string(rest.size()) + " bytes after the CID " + cid->to_string());
    }
    return cid;
}

Result<Cid> parse_cid(std::string_view text) {
    const auto named = [&](Error error) {
        return std::move(error).within("CID '" + std::string(text.substr(0, 80)) + "'");
    };
    const bool is_v0 = text.size() == kCidV0TextSize && text.starts_with("Qm");
    if (!is_v0 && text.starts_with("Qm")) {
        return fail(named(Error(make_error_code(Refusal::kMalformed),
                                "one of version 0 has 46 characters, this has " +
                                    std::to_string(text.size()))));
    }
    auto bytes = is_v0 ? decode_digits(Base::kBase58Btc, text) : decode_multibase(text);
    if (!bytes) return fail(named(std::move(bytes).error()));
    auto cid = decode_cid(*bytes);
    if (!cid) return fail(named(std::move(cid).error()));
    // The specification forbids version 0 behind a multibase letter.
    if (cid->version() == 0 && !is_v0) {
        return fail(named(Error(make_error_code(Refusal::kMalformed), "CIDv0 in multibase")));
    }
    return cid;
}

}  // namespace assay::ipfs
