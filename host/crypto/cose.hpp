// COSE_Sign1 (tag 18) and COSE_Sign (tag 98), RFC 9052, over deterministic CBOR, in the only shapes
// that docs/formats.md knows. Transactions, releases and receipts travel in them.
//
//   COSE_Sign1 = #6.18([protected {1: alg, 4: kid, ? 15: claims}, {}, payload, signature])
//   COSE_Sign  = #6.98([protected {? 15: claims}, {}, payload, [+ [protected {1: alg, 4: kid}, {},
//                       signature]]])
//   claims     = {? 1: issuer, ? 2: subject}     (RFC 9597), at least one of the two
//
// Unprotected maps are empty, other keys are refused, a protected map without entries is the empty
// string: a signed message has one encoding. Everything here is a pure function of its input.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"

namespace assay::crypto {

inline constexpr std::size_t kCoseSignaturesMax = 8;
inline constexpr std::size_t kCosePayloadBytesMax = 65'535;
// The longest is a release's subject: two ids of 32 digits, a component of 64, two slashes.
inline constexpr std::size_t kCoseClaimBytesMax = 130;

struct CoseHeader {
    std::optional<std::string> issuer;
    std::optional<std::string> subject;

    friend bool operator==(const CoseHeader&, const CoseHeader&) = default;
};

[[nodiscard]] Result<Bytes> cose_sign1(const PrivateKey& key,
                                       const CoseHeader& header,
                                       ByteView payload);

// One signature per key, in the order of `keys` (1 to 8, all different).
[[nodiscard]] Result<Bytes> cose_sign(std::span<const PrivateKey* const> keys,
                                      const CoseHeader& header,
                                      ByteView payload);

// The same messages with 64 zero bytes for each signature: what several signers who do not meet pass
// around. One key makes a COSE_Sign1.
[[nodiscard]] Result<Bytes> cose_draft(std::span<const PublicKey> keys,
                                       const CoseHeader& header,
                                       ByteView payload);
// Fills in the signature of `key`. Refusal::kSignerUnknown if the message asks for none by it.
[[nodiscard]] Result<void> cose_sign_draft(Bytes& message, const PrivateKey& key);

struct CoseSignature {
    Algorithm algorithm = Algorithm::kEd25519;
    KeyId key_id{};
    ByteView signature;  // 64 bytes
    Bytes to_be_signed;  // Sig_structure, RFC 9052 section 4.4
    // Set by whoever has verified it already: verify() with this key need not do it again.
    std::optional<PublicKey> verified_by = std::nullopt;
};

struct CoseMessage {
    CoseHeader header;
    ByteView payload;
    std::vector<CoseSignature> signatures;  // exactly one for COSE_Sign1; key ids all different
};

struct CoseLimits {
    std::size_t payload_bytes_max = kCosePayloadBytesMax;
    std::size_t signatures_max = kCoseSignaturesMax;
};

// Decodes without checking any signature. The views point into `input`, which must outlive them.
[[nodiscard]] Result<CoseMessage> decode_cose(ByteView input, const CoseLimits& limits = {});

// Whether the signature is still missing from a draft.
[[nodiscard]] bool is_blank(const CoseSignature& signature) noexcept;

// False also if the signature names another key or algorithm.
[[nodiscard]] bool verify(const CoseSignature& signature, const PublicKey& key);

}  // namespace assay::crypto
