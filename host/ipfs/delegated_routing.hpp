// Delegated Routing V1 (specs.ipfs.tech/routing/http-routing-v1): who has a block. As a server,
//
//     GET /routing/v1/providers/{cid}
//
// answers with this appliance, if it has the block, and with those of its peers that say they have
// it; a peer is asked for itself alone, so that appliances which know each other do not ask in
// circles. As a client, any router can be asked. What a router says is a hint: blocks are verified
// wherever they come from.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/http/client.hpp"
#include "host/http/router.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/content_server.hpp"

namespace assay::ipfs {

struct Provider {
    std::string peer_id;                  // "12D3KooW..."
    std::vector<std::string> multiaddrs;  // of HTTP gateways
};

inline constexpr std::size_t kProvidersMax = 100;

// Those of the answer that serve trustless HTTP, at most kProvidersMax; what is not understood is
// left out. Fails with kMalformed if it is no answer of a router.
[[nodiscard]] Result<std::vector<Provider>> decode_providers(std::string_view json);
[[nodiscard]] std::string encode_providers(const std::vector<Provider>& providers);

// Asks one router; nobody is a good answer. `only_itself`: an appliance, and not those it knows.
[[nodiscard]] boost::asio::awaitable<Result<std::vector<Provider>>> find_providers(
    http::Client& client, std::string router_url, Cid cid, bool only_itself);

struct RoutingParts {
    const BlockStore& store;
    http::Client& client;
    std::function<Provider()> self;  // asked for each answer: ports may be known late
    std::vector<std::string> peers;  // "https://host:port", other appliances
};

// All of `parts` outlives the router.
void add_routing_routes(http::Router& router, RoutingParts parts, ReadPermission may_read);

}  // namespace assay::ipfs
