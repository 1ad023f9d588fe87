// Gives an image to a Kubo node through its RPC (docs.ipfs.tech/reference/kubo/rpc): its blocks as CARs
// to dag/import, then pin/add of the root. Kubo hashes what it takes, and pins only what it has whole;
// from then on it serves the image to anyone on the public network.
//
// Whoever reaches the RPC can do everything to the node, so it belongs on loopback. Nothing that we
// verify depends on what it answers. Used by the command line. Blocks; one thread.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "host/base/result.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

struct KuboPublishReport {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;  // of blocks
};

// Blocks go in CARs of this size, so that memory stays bounded whatever the image has.
inline constexpr std::size_t kKuboCarBytes = std::size_t{16} << 20;

// `rpc_url` is like "http://127.0.0.1:5001". Fails with the connection's error if nobody answers, with
// std::errc::protocol_error and Kubo's own words if it refuses, with kBlockHashMismatch if it pinned
// something else, with the store's error if a block is not here. Once more does no harm.
[[nodiscard]] Result<KuboPublishReport> publish_to_kubo(
    const BlockStore& store,
    const Cid& root,
    const std::string& rpc_url,
    const std::function<void(std::uint64_t bytes_done)>& on_progress = {});

}  // namespace assay::ipfs
