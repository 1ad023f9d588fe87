// The links of a block, whatever its codec: for walking DAGs that are not images, such as what a
// CAR holds or what a pin keeps. Pure.

#pragma once

#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// In the block's order. Raw blocks, plain CBOR and JSON, and Bitcoin's blocks have none. Fails with
// kCidUnsupported for codecs whose links cannot be read here: what is below them would be lost.
[[nodiscard]] Result<std::vector<Cid>> links_of(const Cid& cid, ByteView block);

// Whether a block of this codec may have links.
[[nodiscard]] bool may_link(Codec codec) noexcept;

}  // namespace assay::ipfs
