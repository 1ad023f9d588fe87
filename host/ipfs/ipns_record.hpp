// IPNS records (specs.ipfs.tech/ipns/ipns-record): what a key says that its name points to, signed.
// The gateway serves those that the operator has put into <store>/ipns/<name>.ipns-record, the name
// in base36 ("k51..."). Records of Ed25519 keys only, by their version 2 signature.

#pragma once

#include <chrono>

#include "host/base/result.hpp"
#include "host/http/message.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

inline constexpr std::size_t kIpnsRecordBytesMax = 10 * 1024;

struct IpnsRecord {
    ByteView value;  // a path like /ipfs/<cid>; points into what was decoded
    std::chrono::nanoseconds ttl{0};
};

// Fails with kMalformed, or with kSignatureInvalid if the key in `name` has not signed it.
[[nodiscard]] Result<IpnsRecord> decode_ipns_record(const Cid& name, ByteView record);

[[nodiscard]] http::Response serve_ipns_record(const BlockStore& store,
                                               const http::Request& request);

}  // namespace assay::ipfs
