// Whether bytes are the blocks that CIDs name.

#pragma once

#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// For a single block. Pure.
[[nodiscard]] bool is_block_of(const Cid& cid, ByteView bytes);

// For many: hashed together on the engine, whose failure is the only one. Which of them are right.
[[nodiscard]] Result<std::vector<bool>> check_blocks(std::span<const Block> blocks,
                                                     compute::HashEngine& engine);

}  // namespace assay::ipfs
