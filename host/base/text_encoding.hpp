// Hexadecimal (lower case) and base64 (RFC 4648, padded, strict) text for bytes.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/bytes.hpp"

namespace assay {

[[nodiscard]] std::string to_hex(ByteView bytes);
// Nothing but an even number of hexadecimal digits is accepted.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

// Exactly sizeof(Hash) * 2 digits, in the byte order of the hash.
template <typename Hash>
[[nodiscard]] std::optional<Hash> hash_from_hex(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes || bytes->size() != 32) return std::nullopt;
    return Hash::from(*bytes);
}

[[nodiscard]] std::string to_base64(ByteView bytes);
// Strict: padding required, no white space, unused bits zero.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

}  // namespace assay
