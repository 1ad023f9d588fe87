#include "host/ipfs/delegated_routing.hpp"

#include <algorithm>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "host/ipfs/content_request.hpp"
#include "host/ipfs/multiaddr.hpp"

namespace assay::ipfs {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::string_view kGatewayProtocol = "transport-ipfs-gateway-http";
constexpr std::string_view kNdjsonType = "application/x-ndjson";
constexpr std::chrono::milliseconds kPeerTimeMax{2'000};
constexpr std::chrono::milliseconds kRouterTimeMax{10'000};

std::vector<std::string> texts_of(const json::value* list) {
    std::vector<std::string> out;
    if (list == nullptr || !list->is_array()) return out;
    for (const json::value& item : list->get_array()) {
        if (item.is_string()) out.emplace_back(item.get_string());
    }
    return out;
}

// Nothing if it is no trustless gateway, or none that can be reached over HTTP.
std::optional<Provider> read_provider(const json::value& value) {
    if (!value.is_object()) return std::nullopt;
    const json::object& record = value.get_object();
    const std::vector<std::string> protocols = texts_of(record.if_contains("Protocols"));
    const auto speaks = std::find(protocols.begin(), protocols.end(), kGatewayProtocol);
    if (speaks == protocols.end()) return std::nullopt;
    Provider provider;
    if (const json::value* const id = record.if_contains("ID"); id != nullptr && id->is_string()) {
        provider.peer_id = std::string(id->get_string());
    }
    for (std::string& address : texts_of(record.if_contains("Addrs"))) {
        if (url_of_multiaddr(address)) provider.multiaddrs.push_back(std::move(address));
    }
    if (provider.multiaddrs.empty()) return std::nullopt;
    return provider;
}

json::object record_of(const Provider& provider) {
    json::object record;
    record["Schema"] = "peer";
    record["ID"] = provider.peer_id;
    json::array& addresses = record["Addrs"].emplace_array();
    for (const std::string& address : provider.multiaddrs) addresses.emplace_back(address);
    record["Protocols"].emplace_array().emplace_back(kGatewayProtocol);
    return record;
}

// A comma-separated filter of IPIP-484; nothing asks for everything.
bool passes(std::optional<std::string_view> filter, std::string_view multiaddr) {
    if (!filter || filter->empty()) return true;
    const std::string address = std::string(multiaddr) + "/";
    bool has_wanted = false;
    bool is_wanted = false;
    for (std::string_view rest = *filter; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        const bool unwanted = name.starts_with('!');
        const std::string part = "/" + std::string(name.substr(unwanted ? 1 : 0)) + "/";
        const bool found = address.find(part) != std::string::npos;
        if (unwanted && found) return false;
        has_wanted = has_wanted || !unwanted;
        is_wanted = is_wanted || (!unwanted && found);
    }
    return !has_wanted || is_wanted;
}

void apply_filters(const http::Request& request, std::vector<Provider>& providers) {
    const auto protocols = request.query_value("filter-protocols");
    if (protocols && !protocols->empty() && !field_lists(*protocols, kGatewayProtocol)) {
        providers.clear();
    }
    for (Provider& provider : providers) {
        std::erase_if(provider.multiaddrs, [&](const std::string& address) {
            return !passes(request.query_value("filter-addrs"), address);
        });
    }
    std::erase_if(providers, [](const Provider& p) { return p.multiaddrs.empty(); });
}

http::Response answer(const http::Request& request, std::vector<Provider> providers) {
    apply_filters(request, providers);
    if (providers.size() > kProvidersMax) providers.resize(kProvidersMax);
    const bool lines = field_lists(request.header("Accept").value_or(""), kNdjsonType);
    std::string body;
    if (lines) {
        for (const Provider& provider : providers) {
            body += json::serialize(record_of(provider)) + "\n";
        }
    } else {
        body = encode_providers(providers);
    }
    http::Response response(200, lines ? kNdjsonType : "application/json", body);
    response.headers.set("Cache-Control",
                         providers.empty() ? "public, max-age=15" : "public, max-age=60");
    response.headers.set("Vary", "Accept");
    response.headers.set("Access-Control-Allow-Origin", "*");
    return response;
}

// Peers are asked at the same time; one that does not answer is as good as one without the block.
asio::awaitable<std::vector<Provider>> ask_peers(const RoutingParts& parts, Cid cid) {
    const auto executor = co_await asio::this_coro::executor;
    std::vector<Provider> found;
    const auto ask = [&parts, &found, &cid](std::string peer) -> asio::awaitable<void> {
        auto providers = co_await find_providers(parts.client, std::move(peer), cid, true);
        if (!providers) co_return;
        for (Provider& provider : *providers) found.push_back(std::move(provider));
    };
    using Asking = decltype(asio::co_spawn(executor, ask(std::string()), asio::deferred));
    std::vector<Asking> asking;
    for (const std::string& peer : parts.peers) {
        asking.push_back(asio::co_spawn(executor, ask(peer), asio::deferred));
    }
    if (asking.empty()) co_return found;
    auto group = asio::experimental::make_parallel_group(std::move(asking));
    co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    co_return found;
}

asio::awaitable<http::Response> serve_providers(const RoutingParts& parts,
                                                const http::Request& request) {
    auto cid = parse_cid(request.path_value("cid"));
    if (!cid) co_return http::problem(400, cid.error());
    std::vector<Provider> providers;
    if (parts.store.has(*cid)) providers.push_back(parts.self());
    const bool only_itself =
        field_lists(request.header("Cache-Control").value_or(""), "only-if-cached");
    if (!only_itself) {
        std::vector<Provider> others = co_await ask_peers(parts, std::move(*cid));
        for (Provider& other : others) providers.push_back(std::move(other));
    }
    co_return answer(request, std::move(providers));
}

}  // namespace

Result<std::vector<Provider>> decode_providers(std::string_view text) {
    json::error_code code;
    json::parse_options options;
    options.max_depth = 16;
    const json::value value = json::parse(text, code, {}, options);
    const json::object* const object = code ? nullptr : value.if_object();
    if (object == nullptr) return fail(Refusal::kMalformed, "no answer of a delegated router");
    std::vector<Provider> providers;
    const json::value* const list = object->if_contains("Providers");
    if (list == nullptr || list->is_null()) return providers;  // nobody
    if (!list->is_array()) return fail(Refusal::kMalformed, "Providers is no list");
    for (const json::value& record : list->get_array()) {
        if (providers.size() == kProvidersMax) break;
        if (auto provider = read_provider(record)) providers.push_back(std::move(*provider));
    }
    return providers;
}

std::string encode_providers(const std::vector<Provider>& providers) {
    json::object body;
    json::array& list = body["Providers"].emplace_array();
    for (const Provider& provider : providers) list.emplace_back(record_of(provider));
    return json::serialize(body);
}

asio::awaitable<Result<std::vector<Provider>>> find_providers(http::Client& client,
                                                              std::string router_url,
                                                              Cid cid,
                                                              bool only_itself) {
    http::ClientRequest request("GET", router_url + "/routing/v1/providers/" + cid.to_string());
    request.headers.set("Accept", "application/json");
    if (only_itself) request.headers.set("Cache-Control", "only-if-cached");
    request.body_bytes_max = 256 * 1024;
    request.total_timeout = only_itself ? kPeerTimeMax : kRouterTimeMax;
    request.connect_timeout = std::min(request.connect_timeout, request.total_timeout);
    auto response = co_await client.request(std::move(request));
    if (!response) co_return fail(std::move(response).error());
    if (response->status == 404) co_return std::vector<Provider>();  // of old routers: nobody
    if (response->status != 200) {
        co_return fail(std::errc::protocol_error, "router " + router_url + " answered with status " +
                                                      std::to_string(response->status));
    }
    co_return decode_providers(response->text());
}

void add_routing_routes(http::Router& router, RoutingParts parts, ReadPermission may_read) {
    const auto shared = std::make_shared<const RoutingParts>(std::move(parts));
    router.get("/routing/v1/providers/{cid}",
               [shared, may_read = std::move(may_read)](
                   http::Request request) -> asio::awaitable<http::Response> {
                   if (!may_read(request.peer)) {
                       co_return http::problem(403, Refusal::kPeerUnknown,
                                               "providers are told to members, enrolled devices "
                                               "and those on the allow-list");
                   }
                   co_return co_await serve_providers(*shared, request);
               });
}

}  // namespace assay::ipfs
