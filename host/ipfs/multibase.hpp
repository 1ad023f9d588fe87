// Multibase text (multiformats/multibase): a letter that names the base, then the digits.
//
// Bases: those in which CIDs are written. Digits of base16, base32 and base36 are read in either
// case, as the specification asks, and written in lower case. Padding, white space and non-zero
// left-over bits are refused. Pure functions.

#pragma once

#include <string>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

enum class Base : char { kBase16 = 'f', kBase32 = 'b', kBase36 = 'k', kBase58Btc = 'z' };

// base36 and base58 cost quadratic time, so the length of a text is bounded before it is read.
inline constexpr std::size_t kMultibaseTextMax = 512;

// Without and with the base's letter in front.
[[nodiscard]] std::string encode_digits(Base base, ByteView bytes);
[[nodiscard]] std::string encode_multibase(Base base, ByteView bytes);

[[nodiscard]] Result<Bytes> decode_digits(Base base, std::string_view digits);
[[nodiscard]] Result<Bytes> decode_multibase(std::string_view text);

}  // namespace assay::ipfs
