#include "host/crypto/cose.hpp"

#include <algorithm>
#include <array>

#include "host/base/cbor.hpp"
#include "host/crypto/cose_large.hpp"

namespace assay::crypto {
namespace {

constexpr std::uint64_t kTagSign1 = 18;
constexpr std::uint64_t kTagSign = 98;

// Keys of protected headers (RFC 9052 section 3.1, RFC 9597) and of the claims in them (RFC 8392).
constexpr std::uint64_t kHeaderAlgorithm = 1;
constexpr std::uint64_t kHeaderKeyId = 4;
constexpr std::uint64_t kHeaderClaims = 15;
constexpr std::uint64_t kClaimIssuer = 1;
constexpr std::uint64_t kClaimSubject = 2;

// Algorithms (RFC 9053 section 2).
constexpr std::int64_t kCoseEdDsa = -8;
constexpr std::int64_t kCoseEs256 = -7;

// Largest protected map we can meet: both claims with their heads, the algorithm and the key id.
constexpr std::size_t kProtectedBytesMax = 2 * (kCoseClaimBytesMax + 3) + 16;

constexpr std::array<std::byte, kSignatureBytes> kBlank{};

struct ProtectedHeader {
    std::optional<Algorithm> algorithm;
    std::optional<KeyId> key_id;
    CoseHeader claims;
};

std::int64_t cose_algorithm(Algorithm algorithm) {
    return algorithm == Algorithm::kEd25519 ? kCoseEdDsa : kCoseEs256;
}

Bytes encode_protected(const PublicKey* signer, const CoseHeader& header) {
    const std::size_t claims =
        (header.issuer ? std::size_t{1} : 0) + (header.subject ? std::size_t{1} : 0);
    const std::size_t pairs = (signer != nullptr ? std::size_t{2} : 0) + (claims > 0 ? 1 : 0);
    cbor::Encoder out;
    if (pairs == 0) return out.take();
    out.map(pairs);
    if (signer != nullptr) {
        out.unsigned_int(kHeaderAlgorithm).signed_int(cose_algorithm(signer->algorithm));
        out.unsigned_int(kHeaderKeyId).bytes(key_id(*signer));
    }
    if (claims > 0) {
        out.unsigned_int(kHeaderClaims).map(claims);
        if (header.issuer) out.unsigned_int(kClaimIssuer).text(*header.issuer);
        if (header.subject) out.unsigned_int(kClaimSubject).text(*header.subject);
    }
    return out.take();
}

Bytes to_be_signed1(ByteView protected_header, ByteView payload) {
    return cbor::Encoder()
        .array(4)
        .text("Signature1")
        .bytes(protected_header)
        .bytes({})
        .bytes(payload)
        .take();
}

Bytes to_be_signed(ByteView body_protected, ByteView sign_protected, ByteView payload) {
    return cbor::Encoder()
        .array(5)
        .text("Signature")
        .bytes(body_protected)
        .bytes(sign_protected)
        .bytes({})
        .bytes(payload)
        .take();
}

// What decode_cose() would refuse must not be signed in the first place.
Result<void> check_encodable(const CoseHeader& header,
                             ByteView payload,
                             std::size_t payload_bytes_max = kCosePayloadBytesMax) {
    for (const auto& claim : {header.issuer, header.subject}) {
        if (claim && claim->size() > kCoseClaimBytesMax) {
            return fail(Refusal::kLimitExceeded, "COSE claim of " + std::to_string(claim->size()) +
                                                     " bytes, at most " +
                                                     std::to_string(kCoseClaimBytesMax));
        }
    }
    if (payload.size() > payload_bytes_max) {
        return fail(Refusal::kLimitExceeded, "COSE payload of " + std::to_string(payload.size()) +
                                                 " bytes, at most " +
                                                 std::to_string(payload_bytes_max));
    }
    return {};
}

Result<CoseHeader> decode_claims(cbor::Decoder& decoder) {
    auto map = cbor::MapReader::open(decoder, "claims", 2);
    if (!map) return fail(std::move(map).error());
    CoseHeader claims;
    while (const auto key = map->next()) {
        if (*key != kClaimIssuer && *key != kClaimSubject) return map->unknown_key(*key);
        auto text = decoder.text(kCoseClaimBytesMax);
        if (!text) return fail(std::move(text).error());
        (*key == kClaimIssuer ? claims.issuer : claims.subject) = std::string(*text);
    }
    if (map->error()) return fail(*map->error());
    if (!claims.issuer && !claims.subject) return fail(Refusal::kMalformed, "empty COSE claims");
    return claims;
}

Result<Algorithm> decode_algorithm(cbor::Decoder& decoder) {
    auto number = decoder.signed_int();
    if (!number) return fail(std::move(number).error());
    if (*number == kCoseEdDsa) return Algorithm::kEd25519;
    if (*number == kCoseEs256) return Algorithm::kEcdsaP256;
    return fail(Refusal::kMalformed, "COSE algorithm " + std::to_string(*number) +
                                         ", expected -8 (EdDSA) or -7 (ES256)");
}

Result<ProtectedHeader> decode_protected(ByteView encoded) {
    ProtectedHeader header;
    if (encoded.empty()) return header;
    cbor::Decoder decoder(encoded);
    auto map = cbor::MapReader::open(decoder, "protected header", 3);
    if (!map) return fail(std::move(map).error());
    while (const auto key = map->next()) {
        if (*key == kHeaderAlgorithm) {
            auto algorithm = decode_algorithm(decoder);
            if (!algorithm) return fail(std::move(algorithm).error());
            header.algorithm = *algorithm;
        } else if (*key == kHeaderKeyId) {
            auto raw = decoder.bytes_exactly(sizeof(KeyId));
            if (!raw) return fail(std::move(raw).error());
            std::copy(raw->begin(), raw->end(), header.key_id.emplace().begin());
        } else if (*key == kHeaderClaims) {
            auto claims = decode_claims(decoder);
            if (!claims) return fail(std::move(claims).error());
            header.claims = std::move(*claims);
        } else {
            return map->unknown_key(*key);
        }
    }
    if (map->error()) return fail(*map->error());
    if (auto end = decoder.finish(); !end) return fail(std::move(end).error());
    if (!header.algorithm && !header.key_id && header.claims == CoseHeader{}) {
        return fail(Refusal::kMalformed, "a protected header without entries is the empty string");
    }
    return header;
}

// The protected header of whoever signs: algorithm and key id present.
Result<CoseSignature> signature_of(const ProtectedHeader& header) {
    if (!header.algorithm || !header.key_id) {
        return fail(Refusal::kMalformed, "COSE signature without algorithm or key id");
    }
    CoseSignature signature;
    signature.algorithm = *header.algorithm;
    signature.key_id = *header.key_id;
    return signature;
}

// Both kinds of message and each signature open alike: an array, a protected header, an empty map.
Result<ByteView> decode_opening(cbor::Decoder& decoder, std::size_t items) {
    auto array = decoder.array(items);
    if (!array) return fail(std::move(array).error());
    if (*array != items) {
        return fail(Refusal::kMalformed, "COSE array of " + std::to_string(*array) +
                                             " items, expected " + std::to_string(items));
    }
    auto encoded = decoder.bytes(kProtectedBytesMax);
    if (!encoded) return fail(std::move(encoded).error());
    auto unprotected = decoder.map(0);
    if (!unprotected) return fail(std::move(unprotected).error().within("unprotected header"));
    return encoded;
}

Result<void> decode_sign1(cbor::Decoder& decoder, const CoseLimits& limits, CoseMessage& message) {
    auto encoded = decode_opening(decoder, 4);
    if (!encoded) return fail(std::move(encoded).error());
    auto header = decode_protected(*encoded);
    if (!header) return fail(std::move(header).error());
    auto signature = signature_of(*header);
    if (!signature) return fail(std::move(signature).error());
    auto payload = decoder.bytes(limits.payload_bytes_max);
    if (!payload) return fail(std::move(payload).error().within("payload"));
    auto raw = decoder.bytes_exactly(kSignatureBytes);
    if (!raw) return fail(std::move(raw).error().within("signature"));

    signature->signature = *raw;
    signature->to_be_signed = to_be_signed1(*encoded, *payload);
    message.header = std::move(header->claims);
    message.payload = *payload;
    message.signatures.push_back(std::move(*signature));
    return {};
}

Result<CoseSignature> decode_signature(cbor::Decoder& decoder,
                                       ByteView body_protected,
                                       ByteView payload) {
    auto encoded = decode_opening(decoder, 3);
    if (!encoded) return fail(std::move(encoded).error());
    auto header = decode_protected(*encoded);
    if (!header) return fail(std::move(header).error());
    if (header->claims != CoseHeader{}) {
        return fail(Refusal::kMalformed, "claims belong to the body, not to a signature");
    }
    auto signature = signature_of(*header);
    if (!signature) return fail(std::move(signature).error());
    auto raw = decoder.bytes_exactly(kSignatureBytes);
    if (!raw) return fail(std::move(raw).error());
    signature->signature = *raw;
    signature->to_be_signed = to_be_signed(body_protected, *encoded, payload);
    return signature;
}

Result<void> decode_sign(cbor::Decoder& decoder, const CoseLimits& limits, CoseMessage& message) {
    auto body_protected = decode_opening(decoder, 4);
    if (!body_protected) return fail(std::move(body_protected).error());
    auto header = decode_protected(*body_protected);
    if (!header) return fail(std::move(header).error());
    if (header->algorithm || header->key_id) {
        return fail(Refusal::kMalformed, "algorithm and key id belong to the signatures");
    }
    auto payload = decoder.bytes(limits.payload_bytes_max);
    if (!payload) return fail(std::move(payload).error().within("payload"));
    message.header = std::move(header->claims);
    message.payload = *payload;

    auto count = decoder.array(limits.signatures_max);
    if (!count) return fail(std::move(count).error().within("signatures"));
    if (*count == 0) return fail(Refusal::kMalformed, "COSE_Sign without signatures");
    for (std::size_t i = 0; i < *count; ++i) {
        auto signature = decode_signature(decoder, *body_protected, *payload);
        if (!signature) {
            return fail(std::move(signature).error().within("signature " + std::to_string(i)));
        }
        const auto same_key = [&](const auto& other) { return other.key_id == signature->key_id; };
        if (std::any_of(message.signatures.begin(), message.signatures.end(), same_key)) {
            return fail(Refusal::kMalformed, "two signatures by one key");
        }
        message.signatures.push_back(std::move(*signature));
    }
    return {};
}

Result<Bytes> draft_of_many(std::span<const PublicKey> keys,
                            const CoseHeader& header,
                            ByteView payload) {
    if (auto fits = check_encodable(header, payload); !fits) return fail(std::move(fits).error());
    if (keys.empty() || keys.size() > kCoseSignaturesMax) {
        return fail(Refusal::kLimitExceeded, std::to_string(keys.size()) +
                                                 " signing keys, expected 1 to " +
                                                 std::to_string(kCoseSignaturesMax));
    }
    cbor::Encoder out;
    out.tag(kTagSign).array(4).bytes(encode_protected(nullptr, header)).map(0).bytes(payload);
    out.array(keys.size());
    for (auto key = keys.begin(); key != keys.end(); ++key) {
        if (std::find(keys.begin(), key, *key) != key) {
            return fail(std::errc::invalid_argument, "the same key was given twice to sign with");
        }
        out.array(3).bytes(encode_protected(&*key, {})).map(0).bytes(kBlank);
    }
    return out.take();
}

Bytes draft_of_one(const PublicKey& key, const CoseHeader& header, ByteView payload) {
    return cbor::Encoder()
        .tag(kTagSign1)
        .array(4)
        .bytes(encode_protected(&key, header))
        .map(0)
        .bytes(payload)
        .bytes(kBlank)
        .take();
}

Result<void> fill_in(Bytes& message, const PrivateKey& key, const CoseLimits& limits) {
    const auto decoded = decode_cose(message, limits);
    if (!decoded) return fail(decoded.error());
    for (const CoseSignature& signature : decoded->signatures) {
        if (signature.key_id != key_id(key.public_key())) continue;
        auto made = key.sign(signature.to_be_signed);
        if (!made) return fail(std::move(made).error());
        const auto offset = signature.signature.data() - message.data();
        std::copy(made->begin(), made->end(), message.begin() + offset);
        return {};
    }
    return fail(Refusal::kSignerUnknown, "the message asks for no signature by this key");
}

}  // namespace

Result<Bytes> cose_sign1(const PrivateKey& key, const CoseHeader& header, ByteView payload) {
    return cose_sign1_large(key, header, payload, {});
}

Result<Bytes> cose_sign1_large(const PrivateKey& key,
                               const CoseHeader& header,
                               ByteView payload,
                               const CoseLimits& limits) {
    const auto fits = check_encodable(header, payload, limits.payload_bytes_max);
    if (!fits) return fail(Error(fits.error()));
    Bytes message = draft_of_one(key.public_key(), header, payload);
    if (auto done = fill_in(message, key, limits); !done) return fail(std::move(done).error());
    return message;
}

Result<Bytes> cose_sign(std::span<const PrivateKey* const> keys,
                        const CoseHeader& header,
                        ByteView payload) {
    std::vector<PublicKey> public_keys;
    for (const PrivateKey* key : keys) public_keys.push_back(key->public_key());
    auto message = draft_of_many(public_keys, header, payload);
    if (!message) return message;
    for (const PrivateKey* key : keys) {
        if (auto done = cose_sign_draft(*message, *key); !done) return fail(std::move(done).error());
    }
    return message;
}

Result<Bytes> cose_draft(std::span<const PublicKey> keys,
                         const CoseHeader& header,
                         ByteView payload) {
    if (keys.size() != 1) return draft_of_many(keys, header, payload);
    if (auto fits = check_encodable(header, payload); !fits) return fail(std::move(fits).error());
    return draft_of_one(keys.front(), header, payload);
}

Result<void> cose_sign_draft(Bytes& message, const PrivateKey& key) {
    return fill_in(message, key, {});
}

bool is_blank(const CoseSignature& signature) noexcept {
    return std::ranges::equal(signature.signature, kBlank);
}

Result<CoseMessage> decode_cose(ByteView input, const CoseLimits& limits) {
    cbor::Decoder decoder(input);
    auto tag = decoder.tag();
    if (!tag) return fail(std::move(tag).error().within("COSE message"));
    if (*tag != kTagSign1 && *tag != kTagSign) {
        return fail(Refusal::kMalformed, "CBOR tag " + std::to_string(*tag) +
                                             ", expected 18 (COSE_Sign1) or 98 (COSE_Sign)");
    }
    CoseMessage message;
    auto decoded = *tag == kTagSign1 ? decode_sign1(decoder, limits, message)
                                     : decode_sign(decoder, limits, message);
    if (!decoded) return fail(std::move(decoded).error().within("COSE message"));
    if (auto end = decoder.finish(); !end)
        return fail(std::move(end).error().within("COSE message"));
    return message;
}

bool verify(const CoseSignature& signature, const PublicKey& key) {
    if (signature.verified_by == key) return true;
    return signature.algorithm == key.algorithm && signature.key_id == key_id(key) &&
           verify(key, signature.to_be_signed, signature.signature);
}

}  // namespace assay::crypto
