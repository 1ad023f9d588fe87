#include "host/crypto/sha256.hpp"

#include <openssl/evp.h>

#include "host/base/assert.hpp"

namespace assay::crypto {
namespace {

// Fetched once: looking an algorithm up in OpenSSL 3 costs more than hashing a tree node.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    ASSAY_ASSERT(algorithm != nullptr);
    return algorithm;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_{EVP_MD_CTX_new()} {
    ASSAY_ASSERT(context_ != nullptr);
    ASSAY_ASSERT(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr) == 1);
}

Sha256& Sha256::update(ByteView data) {
    ASSAY_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
    return *this;
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    ASSAY_ASSERT(EVP_DigestFinal_ex(context_.get(), as_uchar(digest.bytes), nullptr) == 1);
    ASSAY_ASSERT(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
    return digest;
}

Sha256Digest sha256(ByteView data) {
    Sha256Digest digest;
    ASSAY_ASSERT(EVP_Digest(data.data(), data.size(), as_uchar(digest.bytes), nullptr,
                            sha256_algorithm(), nullptr) == 1);
    return digest;
}

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
    Sha256 hash;
    for (const ByteView part : parts) hash.update(part);
    return hash.finish();
}

Sha256Digest sha256d(ByteView data) { return sha256(sha256(data).view()); }

}  // namespace assay::crypto
