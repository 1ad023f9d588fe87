#include "host/crypto/signature.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "host/crypto/ecdsa_encoding.hpp"
#include "host/crypto/ed25519_point.hpp"
#include "host/crypto/ed25519_sodium.hpp"
#include "host/crypto/openssl_ptr.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::crypto {
namespace {

using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using KeyContextPtr = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContextPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kP256PointBytes = 65;
constexpr std::size_t kPemBytesMax = 16 * 1024;

// EVP_DigestSign and EVP_DigestVerify hash for ECDSA; Ed25519 wants no digest named.
const EVP_MD* digest_of(Algorithm algorithm) {
    return algorithm == Algorithm::kEcdsaP256 ? EVP_sha256() : nullptr;
}

KeyPtr p256_public_key(ByteView point) {
    char group[] = SN_X9_62_prime256v1;
    Bytes encoded = to_bytes(point);  // OSSL_PARAM wants it writable
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
        OSSL_PARAM_construct_end()};
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                          const_cast<OSSL_PARAM*>(params)) != 1) {
        return nullptr;  // among others: not a point of the curve
    }
    return KeyPtr(key);
}

// Null if the bytes are no acceptable public key.
KeyPtr parse(const PublicKey& key) {
    const ByteView bytes = key.bytes;
    switch (key.algorithm) {
        case Algorithm::kEd25519:
            if (bytes.size() != kEd25519KeyBytes || !is_strict_ed25519_point(bytes)) return nullptr;
            return KeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_uchar(bytes),
                                                      bytes.size()));
        case Algorithm::kEcdsaP256:
            // SEC 1 also knows compressed and hybrid points: other spellings of the same key.
            if (bytes.size() != kP256PointBytes || bytes[0] != std::byte{4}) return nullptr;
            return p256_public_key(bytes);
    }
    return nullptr;
}

// Keys that this thread has parsed, for the same few come with every block and transaction, and to
// parse one of P-256 takes as long as half a verification. A pure function's answers and no more:
// what is forgotten is parsed again.
class ParsedKeys {
  public:
    EVP_PKEY* find_or_parse(const PublicKey& key) {
        std::string name(1, static_cast<char>(key.algorithm));
        name += as_text(key.bytes);
        if (const auto known = keys_.find(name); known != keys_.end()) return known->second.get();
        KeyPtr parsed = parse(key);
        if (!parsed) return nullptr;
        if (keys_.size() == kKeptMax) keys_.clear();
        return keys_.emplace(std::move(name), std::move(parsed)).first->second.get();
    }

  private:
    static constexpr std::size_t kKeptMax = 1'024;  // 64 members have 384
    std::unordered_map<std::string, KeyPtr> keys_;
};

// Null if the bytes are no acceptable public key; valid until this thread's next call.
EVP_PKEY* open_public_key(const PublicKey& key) {
    thread_local ParsedKeys keys;
    return keys.find_or_parse(key);
}

std::optional<Bytes> public_bytes_of(EVP_PKEY* key, Algorithm algorithm) {
    if (algorithm == Algorithm::kEd25519) {
        Bytes raw(kEd25519KeyBytes);
        std::size_t size = raw.size();
        if (EVP_PKEY_get_raw_public_key(key, as_uchar(raw), &size) != 1) return std::nullopt;
        return raw;
    }
    BIGNUM* x = nullptr;
    BIGNUM* y = nullptr;
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y);
    const OpensslPtr<BIGNUM, BN_free> own_x(x);
    const OpensslPtr<BIGNUM, BN_free> own_y(y);
    Bytes point(kP256PointBytes);
    point[0] = std::byte{4};
    unsigned char* const out = as_uchar(point);
    if (x == nullptr || y == nullptr || BN_bn2binpad(x, out + 1, 32) != 32 ||
        BN_bn2binpad(y, out + 33, 32) != 32) {
        return std::nullopt;
    }
    return point;
}

std::optional<Algorithm> algorithm_of(EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) return Algorithm::kEd25519;
    char group[32] = {};
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
        std::string_view(group) == SN_X9_62_prime256v1) {
        return Algorithm::kEcdsaP256;
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) noexcept {
    return algorithm == Algorithm::kEd25519 ? "ed25519" : "ecdsa-p256";
}

Result<Algorithm> parse_algorithm(std::string_view name) {
    for (const Algorithm algorithm : {Algorithm::kEd25519, Algorithm::kEcdsaP256}) {
        if (name == to_string(algorithm)) return algorithm;
    }
    return fail(Refusal::kMalformed, "signature algorithm \"" + std::string(name) +
                                         "\" is neither ed25519 nor ecdsa-p256");
}

Result<PublicKey> parse_public_key(Algorithm algorithm, ByteView bytes) {
    PublicKey key{algorithm, to_bytes(bytes)};
    if (open_public_key(key) == nullptr) {
        ERR_clear_error();
        return fail(Refusal::kMalformed, std::to_string(bytes.size()) + " bytes are no " +
                                             std::string(to_string(algorithm)) + " public key");
    }
    return key;
}

KeyId key_id(const PublicKey& key) {
    const std::array algorithm{static_cast<std::byte>(key.algorithm)};
    const Sha256Digest digest = sha256({algorithm, key.bytes});
    KeyId id{};
    std::copy_n(digest.bytes.begin(), id.size(), id.begin());
    return id;
}

void PrivateKey::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

Result<PrivateKey> PrivateKey::from_handle(Handle handle) {
    const auto algorithm = algorithm_of(handle.get());
    if (!algorithm) return fail(Refusal::kMalformed, "private key is neither Ed25519 nor P-256");
    auto bytes = public_bytes_of(handle.get(), *algorithm);
    if (!bytes) return fail_openssl("read the public half of a private key");
    return PrivateKey(std::move(handle), PublicKey{*algorithm, std::move(*bytes)});
}

Result<PrivateKey> PrivateKey::generate(Algorithm algorithm) {
    Handle handle(algorithm == Algorithm::kEd25519
                      ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                      : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", SN_X9_62_prime256v1));
    if (!handle) return fail_openssl("generate a key");
    return from_handle(std::move(handle));
}

Result<PrivateKey> PrivateKey::from_pem(ByteView pem) {
    if (pem.size() > kPemBytesMax) return fail(Refusal::kLimitExceeded, "PEM private key");
    const BioPtr bio = reading_bio(pem);
    Handle handle(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!handle) {
        return fail(Refusal::kMalformed, "not an unencrypted PEM private key: " + openssl_reason());
    }
    return from_handle(std::move(handle));
}

Result<Bytes> PrivateKey::to_pem() const {
    const BioPtr bio = memory_bio();
    if (PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) != 1) {
        return fail_openssl("write a private key as PEM");
    }
    return bytes_of(bio.get());
}

Result<Bytes> PrivateKey::sign(ByteView message) const {
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::array<std::byte, 80> buffer{};  // 64 raw bytes or at most 72 of DER
    std::size_t size = buffer.size();
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, digest_of(public_key_.algorithm), nullptr,
                           handle_.get()) != 1 ||
        EVP_DigestSign(context.get(), as_uchar(buffer), &size, as_uchar(message), message.size()) !=
            1) {
        return fail_openssl("sign");
    }
    const ByteView made = ByteView(buffer).first(size);
    if (public_key_.algorithm == Algorithm::kEd25519) return to_bytes(made);
    auto raw = ecdsa_from_der(made);
    if (!raw) return fail_openssl("encode a signature");
    return std::move(*raw);
}

bool verify_by_openssl(const PublicKey& key, ByteView message, ByteView signature) {
    if (signature.size() != kSignatureBytes) return false;
    const bool ecdsa = key.algorithm == Algorithm::kEcdsaP256;
    if (!ecdsa && !is_strict_ed25519_point(signature.first(kEd25519KeyBytes))) return false;

    Bytes der;
    if (ecdsa) {
        auto encoded = ecdsa_to_der(signature);
        if (!encoded) return false;
        der = std::move(*encoded);
        signature = der;
    }
    EVP_PKEY* const handle = open_public_key(key);
    const DigestContextPtr context(EVP_MD_CTX_new());
    const bool good = handle != nullptr && context &&
                      EVP_DigestVerifyInit(context.get(), nullptr, digest_of(key.algorithm),
                                           nullptr, handle) == 1 &&
                      EVP_DigestVerify(context.get(), as_uchar(signature), signature.size(),
                                       as_uchar(message), message.size()) == 1;
    ERR_clear_error();  // a refused signature must not haunt this thread's next TLS call
    return good;
}

bool verify(const PublicKey& key, ByteView message, ByteView signature) {
#ifdef ASSAY_SODIUM
    if (key.algorithm == Algorithm::kEd25519) {
        return verify_ed25519_by_sodium(key.bytes, message, signature);
    }
#endif
    return verify_by_openssl(key, message, signature);
}

}  // namespace assay::crypto
