// Serves the block store as a trustless gateway: raw blocks at `GET|HEAD /ipfs/{cid}`
// (specs.ipfs.tech/http-gateways/trustless-gateway, verified by whoever asks). It never fetches
// what it does not have, so gateways that point at each other cannot loop.
//
// Used by producers, which serve what they published, and by gateways, which serve each other.

#pragma once

#include <functional>

#include "host/http/message.hpp"
#include "host/http/router.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

// Whether this peer may read content. Null: it showed no certificate.
using ReadPermission = std::function<bool(const http::PeerIdentity* peer)>;

// The store must outlive the router.
void add_content_routes(http::Router& router, const BlockStore& store, ReadPermission may_read);

}  // namespace assay::ipfs
