// Ed25519 verification by libsodium, under the rules of signature.hpp. Used by verify() alone, where
// ASSAY_SODIUM is built in. Any thread.
// Source: RFC 8032 section 5.1.7 without the cofactor, as OpenSSL reads it.

#pragma once

#include "host/base/bytes.hpp"

namespace assay::crypto {

// `key` as in PublicKey; any length of key or signature but 32 and 64 bytes is simply false.
[[nodiscard]] bool verify_ed25519_by_sodium(ByteView key, ByteView message, ByteView signature);

}  // namespace assay::crypto
