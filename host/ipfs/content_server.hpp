// Serves the block store as a trustless gateway (specs.ipfs.tech/http-gateways/trustless-gateway):
//
//     GET|HEAD /ipfs/{cid}          one block (?format=raw), or blocks as a CAR (?format=car)
//     GET|HEAD /ipfs/{cid}/{path}   a CAR of what the path leads to
//     GET|HEAD /ipns/{name}         the signed record of a name (?format=ipns-record)
//
// All of it is verified by whoever asks. It never fetches what it does not have, so gateways that
// point at each other cannot loop. A block that turns out to be missing in the middle of a CAR ends
// the connection: a client never takes half for whole.
//
// Used by producers, which serve what they published, and by gateways, which serve each other.

#pragma once

#include <functional>

#include <boost/asio/thread_pool.hpp>

#include "host/http/message.hpp"
#include "host/http/router.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::ipfs {

// Whether this peer may read content. Null: it showed no certificate.
using ReadPermission = std::function<bool(const http::PeerIdentity* peer)>;

// Store and pool, which reads nodes, must outlive the router.
void add_content_routes(http::Router& router,
                        const BlockStore& store,
                        boost::asio::thread_pool& pool,
                        ReadPermission may_read);

}  // namespace assay::ipfs
