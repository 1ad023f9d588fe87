// MurmurHash3 x64 128 (Austin Appleby, public domain), of which UnixFS takes the first 64 bits to
// place names in sharded directories. Not for anything that must be hard to forge.

#pragma once

#include <cstdint>

#include "host/base/bytes.hpp"

namespace assay::ipfs {

[[nodiscard]] std::uint64_t murmur3_x64_64(ByteView data) noexcept;

}  // namespace assay::ipfs
