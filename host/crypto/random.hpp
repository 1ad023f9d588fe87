// Random bytes from the operating system's seeded generator, and HMAC-SHA-256 (RFC 2104).
// Thread-safe.

#pragma once

#include <span>

#include "host/base/bytes.hpp"

namespace assay::crypto {

// Stops the process if the generator cannot be seeded: a key or nonce without entropy is worse.
void fill_random(std::span<std::byte> out);

[[nodiscard]] Sha256Digest hmac_sha256(ByteView key, ByteView data);

}  // namespace assay::crypto
