// Ed25519 (RFC 8032) and ECDSA over P-256 with SHA-256 (FIPS 186-4): the keys that sign releases,
// receipts, seals and cosignatures.
//
// Verification is strict, so that one message under one key has no second valid signature which a
// relay could swap in (ledger rule M15). Public parts are plain values; a PrivateKey may be used by
// several threads at once.

#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace assay::crypto {

enum class Algorithm : std::uint8_t { kEd25519 = 1, kEcdsaP256 = 2 };

[[nodiscard]] std::string_view to_string(Algorithm algorithm) noexcept;  // "ed25519", "ecdsa-p256"
[[nodiscard]] Result<Algorithm> parse_algorithm(std::string_view name);

inline constexpr std::size_t kSignatureBytes = 64;

// Ed25519: the 32 bytes of RFC 8032. P-256: the 65 bytes of the uncompressed SEC 1 point, 0x04
// first.
struct PublicKey {
    Algorithm algorithm = Algorithm::kEd25519;
    Bytes bytes;

    friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

// A public key from outside: right size, on the curve, canonical, not of small order.
[[nodiscard]] Result<PublicKey> parse_public_key(Algorithm algorithm, ByteView bytes);

// The first 8 bytes of SHA-256(algorithm as one byte, then the key's bytes). COSE's `kid`.
using KeyId = std::array<std::byte, 8>;
[[nodiscard]] KeyId key_id(const PublicKey& key);

class PrivateKey {
  public:
    [[nodiscard]] static Result<PrivateKey> generate(Algorithm algorithm);
    // PEM PKCS#8, not encrypted. Other kinds of key are refused.
    [[nodiscard]] static Result<PrivateKey> from_pem(ByteView pem);

    [[nodiscard]] Result<Bytes> to_pem() const;
    [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }

    // 64 bytes. Ed25519 signs the message itself; ECDSA its SHA-256, as r and s, big-endian, s low.
    [[nodiscard]] Result<Bytes> sign(ByteView message) const;

    // For the certificate code of this folder only.
    [[nodiscard]] evp_pkey_st* handle() const noexcept { return handle_.get(); }

  private:
    struct Free {
        void operator()(evp_pkey_st* key) const noexcept;
    };
    using Handle = std::unique_ptr<evp_pkey_st, Free>;
    PrivateKey(Handle handle, PublicKey public_key) noexcept
        : handle_{std::move(handle)}, public_key_{std::move(public_key)} {}
    [[nodiscard]] static Result<PrivateKey> from_handle(Handle handle);

    Handle handle_;
    PublicKey public_key_;
};

// Whether `signature` is the one acceptable form of a signature of `message` by `key`.
// Ed25519 refuses S >= L and public keys or R that are not canonical or of small order; ECDSA
// refuses r or s of 0 and s above half the group order. Any malformed key or length is simply
// false.
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, ByteView signature);

// The same by OpenSSL alone, as devices do it. Elsewhere verify() leaves Ed25519 to libsodium, which
// takes half the time (docs/decisions/0008).
[[nodiscard]] bool verify_by_openssl(const PublicKey& key, ByteView message, ByteView signature);

}  // namespace assay::crypto
