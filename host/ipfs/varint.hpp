// Unsigned varints (LEB128), as multiformats and protobuf write them. Only the shortest form is
// accepted, so that every value has exactly one encoding.
//
// Pure functions; used by CIDs, dag-pb and UnixFS.

#pragma once

#include <cstdint>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

// multiformats/unsigned-varint: at most 9 bytes, so values stay below 2^63.
inline constexpr std::size_t kMultiformatVarintBytes = 9;
// Protobuf fields hold 64 bits, which take up to 10 bytes.
inline constexpr std::size_t kProtobufVarintBytes = 10;

void append_varint(Bytes& out, std::uint64_t value);

// Takes one varint of at most `bytes_max` bytes off the front of `rest`.
// On failure `rest` is unchanged.
[[nodiscard]] Result<std::uint64_t> take_varint(ByteView& rest, std::size_t bytes_max);

}  // namespace assay::ipfs
