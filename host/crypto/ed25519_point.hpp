// Which 32 bytes are an acceptable Ed25519 point: canonical (RFC 8032 section 5.1.3, y < p) and not
// of small order. OpenSSL's verification refuses neither, and a key of small order verifies
// signatures that nobody made.

#pragma once

#include "host/base/bytes.hpp"

namespace assay::crypto {

// Precondition: point.size() == 32. Does not decide whether the point is on the curve.
[[nodiscard]] bool is_strict_ed25519_point(ByteView point) noexcept;

}  // namespace assay::crypto
