// dag-pb (ipld.io/specs/codecs/dag-pb): a node of links and bytes, in its canonical form only.
//
// Links come before Data although their field number is higher, and inside a link Hash, Name and
// Tsize come in this order; CIDs agree with other implementations only so. UnixFS gives the Data
// its meaning (unixfs.hpp). Pure functions, bounded by the block size.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// Every IPFS implementation carries blocks of this size; most refuse larger ones.
inline constexpr std::size_t kBlockBytesMax = std::size_t{2} << 20;

struct PbLink {
    Cid hash;
    // UnixFS files write an empty Name (`12 00`): present, not absent.
    std::optional<std::string> name;
    // Size of the linked DAG as its author claims it. A hint, never to be trusted.
    std::optional<std::uint64_t> tsize;

    friend bool operator==(const PbLink&, const PbLink&) = default;
};

struct PbNode {
    std::vector<PbLink> links;
    std::optional<ByteView> data;  // points into what was decoded
};

[[nodiscard]] Bytes encode_dag_pb(const PbNode& node);

// Fails with kBlockTooLarge, kCidUnsupported (a link's hash function) or kMalformed.
[[nodiscard]] Result<PbNode> decode_dag_pb(ByteView block);

}  // namespace assay::ipfs
