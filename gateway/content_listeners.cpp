#include "gateway/content_listeners.hpp"

#include <algorithm>

#include "gateway/transport.hpp"
#include "host/ipfs/content_server.hpp"
#include "host/ipfs/multiaddr.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kBodyBytesMax = 4096;  // nothing here takes one

// Those that may answer delegated routing; Kubo's RPC does not.
std::vector<std::string> appliances(const std::vector<ipfs::Source>& sources) {
    std::vector<std::string> urls;
    for (const ipfs::Source& source : sources) {
        const bool known = std::find(urls.begin(), urls.end(), source.url) != urls.end();
        if (source.kind != ipfs::Source::Kind::kKubo && !known) urls.push_back(source.url);
    }
    return urls;
}

}  // namespace

Result<std::unique_ptr<ContentListeners>> ContentListeners::create(const ContentNeeds& needs) {
    const auto identity = load_member_identity(needs.folder);
    if (!identity) return fail(Error(identity.error()));
    auto client_tls = content_client_tls(*identity, needs.chain);
    if (!client_tls) return fail(std::move(client_tls).error());
    std::unique_ptr<ContentListeners> made(new ContentListeners(needs, std::move(*client_tls)));
    if (auto listening = made->listen(needs); !listening) return fail(std::move(listening).error());
    return made;
}

ContentListeners::ContentListeners(const ContentNeeds& needs,
                                   std::shared_ptr<const http::TlsContext> client_tls)
    : config_{needs.config},
      chain_{needs.chain},
      access_{needs.chain, needs.devices, needs.config.content_allow},
      client_{needs.executor, std::move(client_tls)} {}

void ContentListeners::add_routes(http::Router& router,
                                  const ContentNeeds& needs,
                                  ipfs::ReadPermission may_read) {
    ipfs::add_content_routes(router, needs.store, needs.pool, may_read);
    ipfs::RoutingParts parts{needs.store, client_, [this] { return self(); },
                             appliances(config_.content_sources)};
    ipfs::add_routing_routes(router, std::move(parts), std::move(may_read));
}

Result<void> ContentListeners::listen(const ContentNeeds& needs) {
    add_routes(member_routes_, needs, [this](const http::PeerIdentity* peer) {
        return peer != nullptr && access_.may_read(*peer);
    });
    const auto identity = load_member_identity(needs.folder);
    if (!identity) return fail(Error(identity.error()));
    const auto tls = content_server_tls(*identity, access_);
    if (!tls) return fail(Error(tls.error()));
    http::ServerOptions options;
    options.body_bytes_max = kBodyBytesMax;
    options.listen = config_.content_listen;
    options.tls = *tls;
    auto members = http::Server::listen(needs.executor, options, std::cref(member_routes_));
    if (!members) return fail(std::move(members).error().within("[content] listen"));
    members_ = std::move(*members);

    if (config_.content_public_listen.empty()) return {};
    add_routes(public_routes_, needs, [](const http::PeerIdentity*) { return true; });
    options.listen = config_.content_public_listen;
    options.tls = nullptr;
    auto anyone = http::Server::listen(needs.executor, options, std::cref(public_routes_));
    if (!anyone) return fail(std::move(anyone).error().within("[content] public_listen"));
    anyone_ = std::move(*anyone);
    return {};
}

ipfs::Provider ContentListeners::self() const {
    std::string url = config_.content_announce;
    if (url.empty()) {
        url = anyone_ ? "http://" + anyone_->address() : "https://" + members_->address();
    }
    ipfs::Provider provider;
    const ledger::Member* const member = chain_.registry().find_by_name(config_.name);
    if (member != nullptr) provider.peer_id = ipfs::peer_id_of(member->log);
    if (auto multiaddr = ipfs::multiaddr_of_url(url)) {
        provider.multiaddrs.push_back(std::move(*multiaddr));
    }
    return provider;
}

void ContentListeners::start() {
    members_->start();
    if (anyone_) anyone_->start();
}

boost::asio::awaitable<void> ContentListeners::stop(std::chrono::milliseconds grace) {
    if (anyone_) co_await anyone_->stop(grace);
    co_await members_->stop(grace);
}

}  // namespace assay::gateway
