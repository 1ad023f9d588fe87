// The one block hash that OpenSSL 3 calls deprecated and keeps: its EVP interface takes longer to
// set up than the two or three blocks of a header or a tree node take to hash. The code that hashes
// is the same, with the processor's SHA instructions where there are any.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "host/crypto/sha256.hpp"

#include <openssl/sha.h>

#include "host/base/assert.hpp"
#include "host/crypto/openssl_ptr.hpp"

namespace assay::crypto {
namespace {

void hash(SHA256_CTX& context, ByteView data) {
    ASSAY_ASSERT(SHA256_Update(&context, data.data(), data.size()) == 1);
}

SHA256_CTX start() {
    SHA256_CTX context;
    ASSAY_ASSERT(SHA256_Init(&context) == 1);
    return context;
}

Sha256Digest end(SHA256_CTX& context) {
    Sha256Digest digest;
    ASSAY_ASSERT(SHA256_Final(as_uchar(digest.bytes), &context) == 1);
    return digest;
}

}  // namespace

Sha256::Sha256() {
    static_assert(sizeof(SHA256_CTX) == sizeof state_ && alignof(SHA256_CTX) <= alignof(Sha256));
    new (state_.data()) SHA256_CTX(start());
}

Sha256& Sha256::update(ByteView data) {
    hash(*std::launder(reinterpret_cast<SHA256_CTX*>(state_.data())), data);
    return *this;
}

Sha256Digest Sha256::finish() {
    auto& context = *std::launder(reinterpret_cast<SHA256_CTX*>(state_.data()));
    const Sha256Digest digest = end(context);
    context = start();
    return digest;
}

Sha256Digest sha256(ByteView data) {
    SHA256_CTX context = start();
    hash(context, data);
    return end(context);
}

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
    SHA256_CTX context = start();
    for (const ByteView part : parts) hash(context, part);
    return end(context);
}

Sha256Digest sha256d(ByteView data) { return sha256(sha256(data).view()); }

}  // namespace assay::crypto
