#include "host/crypto/ed25519_sodium.hpp"

#include <sodium.h>

#include "host/base/assert.hpp"
#include "host/crypto/ed25519_point.hpp"

namespace assay::crypto {

bool verify_ed25519_by_sodium(ByteView key, ByteView message, ByteView signature) {
    static const bool ready = sodium_init() >= 0;
    ASSAY_ASSERT(ready);
    constexpr std::size_t kPointBytes = 32;
    return key.size() == kPointBytes && signature.size() == crypto_sign_BYTES &&
           is_strict_ed25519_point(key) && is_strict_ed25519_point(signature.first(kPointBytes)) &&
           crypto_sign_verify_detached(as_uchar(signature), as_uchar(message), message.size(),
                                       as_uchar(key)) == 0;
}

}  // namespace assay::crypto
