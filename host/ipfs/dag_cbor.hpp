// The links in DAG-CBOR blocks (ipld.io/specs/codecs/dag-cbor): enough to walk a DAG and to follow
// a path, no more; nothing of ours is stored in this codec.
//
// Strict: numbers in shortest form, definite lengths, text keys in the codec's order (shorter ones
// first), no tag but that of links, floats of 64 bits that are numbers. Nesting is bounded. Pure.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

inline constexpr int kDagCborDepthMax = 128;

// In the order in which they are written. Fails with kMalformed, kLimitExceeded or kCidUnsupported.
[[nodiscard]] Result<std::vector<Cid>> dag_cbor_links(ByteView block);

// Where a path leads inside of a block: to a link, or to a value (no link) when names run out.
struct DagCborPlace {
    std::size_t names_used = 0;
    std::optional<Cid> link;
};
// Names are keys of maps and indexes of lists. Fails with std::errc::no_such_file_or_directory if
// one leads nowhere, else like dag_cbor_links().
[[nodiscard]] Result<DagCborPlace> follow_dag_cbor(ByteView block,
                                                   std::span<const std::string> names);

}  // namespace assay::ipfs
