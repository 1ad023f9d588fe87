// Whether bytes are the block that a CID names. For single blocks; many at once go through the
// compute engine. Pure.

#pragma once

#include "host/base/bytes.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

[[nodiscard]] bool is_block_of(const Cid& cid, ByteView bytes);

}  // namespace assay::ipfs
