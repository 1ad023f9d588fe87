#include "host/crypto/random.hpp"

#include <climits>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "host/base/assert.hpp"

namespace assay::crypto {

void fill_random(std::span<std::byte> out) {
    ASSAY_ASSERT(out.size() <= INT_MAX);
    ASSAY_ASSERT(RAND_bytes(as_uchar(out), static_cast<int>(out.size())) == 1);
}

Sha256Digest hmac_sha256(ByteView key, ByteView data) {
    ASSAY_ASSERT(key.size() <= INT_MAX);
    Sha256Digest digest;
    unsigned int size = 0;
    // A null key would mean "the previous key" to OpenSSL, an empty one is legitimate.
    const unsigned char* const key_data = key.empty() ? as_uchar(digest.bytes) : as_uchar(key);
    ASSAY_ASSERT(HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), as_uchar(data),
                      data.size(), as_uchar(digest.bytes), &size) != nullptr);
    ASSAY_ASSERT(size == digest.bytes.size());
    return digest;
}

}  // namespace assay::crypto
