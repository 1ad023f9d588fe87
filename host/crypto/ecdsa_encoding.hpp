// P-256 signatures between the DER that OpenSSL speaks and the 64 bytes r || s that we do
// (RFC 9053 section 2.1), with s in the lower half of the group order.

#pragma once

#include <optional>

#include "host/base/bytes.hpp"

namespace assay::crypto {

// DER of a raw signature; nothing unless 0 < r < n and 0 < s <= n / 2.
// Precondition: raw.size() == 64.
[[nodiscard]] std::optional<Bytes> ecdsa_to_der(ByteView raw);

// The 64 bytes of a DER signature that OpenSSL made, with s replaced by n - s where that is lower.
[[nodiscard]] std::optional<Bytes> ecdsa_from_der(ByteView der);

}  // namespace assay::crypto
