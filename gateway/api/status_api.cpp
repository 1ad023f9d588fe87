#include "gateway/api/status_api.hpp"

#include <boost/json/array.hpp>

#include "gateway/api/anchor_json.hpp"
#include "gateway/api/api_support.hpp"
#include "gateway/api/engine_json.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

json::object describe_ledger(const ledger::Node& node) {
    json::object out = node.status();
    out["chain_id"] = to_hex(node.chain().chain_id().view());
    out["origin"] = node.chain().genesis().origin;
    return out;
}

json::object describe_engines(const EngineStatus& chosen, const compute::Engines& engines) {
    json::object out;
    out["mine"] = chosen.mine;
    out["mine_reason"] = chosen.mine_reason;
    out["hash"] = chosen.hash;
    out["hash_reason"] = chosen.hash_reason;
    json::array list;
    for (const compute::EngineReport& report : engines.status()) {
        list.push_back(describe_engine(report));
    }
    out["list"] = std::move(list);
    return out;
}

bool is_confirmed(const Device& device, const ReleaseCatalog& catalog) {
    if (!device.report) return false;
    const CatalogEntry* const newest = catalog.newest_ready(device.report->target);
    return newest != nullptr && device.confirmed_sequence >= newest->release.record.sequence;
}

json::object describe_devices(const GatewayStatusParts& parts) {
    std::uint64_t confirmed = 0;
    json::object by_state;
    for (const auto& [id, device] : parts.devices.devices()) {
        if (is_confirmed(device, parts.catalog)) ++confirmed;
        const std::string state = device.report ? device.report->state : "enrolled";
        json::value& count = by_state[state];
        count = count.is_null() ? 1 : count.as_int64() + 1;
    }
    json::object out;
    out["known"] = parts.devices.devices().size();
    out["confirmed"] = confirmed;  // of the newest release that is ready for them
    out["by_state"] = std::move(by_state);
    return out;
}

json::object describe_receipts(const GatewayStatusParts& parts) {
    json::object out;
    out["stored"] = parts.receipts.stored();
    out["attested"] = parts.receipts.attested_count();
    out["on_ledger"] = parts.recorder.on_ledger();
    out["held"] = parts.receipts.is_held();  // what was lost is fetched before more is taken
    json::array lost;
    for (const LostBatch& batch : parts.receipts.lost_batches()) {
        json::object row;
        row["batch"] = batch.batch_no;
        row["receipts"] = batch.count;
        row["first_time"] = batch.first_time;
        row["last_time"] = batch.last_time;
        lost.push_back(std::move(row));
    }
    out["lost"] = std::move(lost);
    json::object& copies = out["copies"].emplace_object();
    copies["made"] = parts.copies.copied();
    copies["wanted"] = parts.copies.wanted();
    return out;
}

json::array describe_refusals(const RefusalLog& refusals) {
    json::array out;
    for (const auto& [word, entry] : refusals.entries()) {
        json::object row;
        row["word"] = to_word(word);
        row["count"] = entry.count;
        row["last"] = entry.last;
        out.push_back(std::move(row));
    }
    return out;
}

http::Response get_status(const StatusApiParts& parts, const http::Request&) {
    const ledger::Chain& chain = parts.consortium.chain();
    json::object out;
    out["name"] = parts.name;
    json::array roles;
    if (const ledger::Member* const self = chain.registry().find_by_name(parts.name)) {
        for (const std::string_view role : ledger::role_names(self->roles)) {
            roles.push_back(json::string(role));
        }
    }
    out["roles"] = std::move(roles);
    out["version"] = ASSAY_VERSION;
    out["ready"] = parts.ready;
    out["engines"] = describe_engines(parts.chosen, parts.engines);
    json::object& consortium = out["consortium"].emplace_object();
    consortium = describe_ledger(parts.consortium);
    consortium["anchors"] =
        describe_anchors(parts.consortium, parts.gateway ? &parts.gateway->ledger.chain() : nullptr);
    std::uint64_t releases = 0;
    ledger::for_each_release(chain.state(), [&](const ledger::ReleaseEntry&) {
        ++releases;
        return true;
    });
    out["releases"] = releases;
    if (parts.gateway) {
        json::object& gateway = out["gateway"].emplace_object();
        gateway = describe_ledger(parts.gateway->ledger);
        gateway["consortium_heads"] = describe_consortium_heads(parts.gateway->ledger.chain());
        out["devices"] = describe_devices(*parts.gateway);
        out["receipts"] = describe_receipts(*parts.gateway);
    }
    out["content"] = parts.content.status();
    out["refusals"] = describe_refusals(parts.refusals);
    return json_response(200, out);
}

http::Response get_livez(const StatusApiParts&, const http::Request&) {
    json::object out;
    out["live"] = true;
    return json_response(200, out);
}

http::Response get_readyz(const StatusApiParts& parts, const http::Request&) {
    std::vector<const ledger::Chain*> ledgers{&parts.consortium.chain()};
    if (!parts.gateway) return readiness(parts.ready, ledgers, nullptr);
    ledgers.push_back(&parts.gateway->ledger.chain());
    return readiness(parts.ready, ledgers, &parts.gateway->store);
}

}  // namespace

http::Response readiness(bool ready,
                         std::span<const ledger::Chain* const> ledgers,
                         const ledger::KeyValueStore* store) {
    if (!ready) return http::problem(503, "not-ready", "starting or stopping");
    for (const ledger::Chain* const chain : ledgers) {
        if (!chain->has_failed()) continue;
        return http::problem(503, "not-ready",
                             "the store of the " + std::string(to_string(chain->genesis().kind)) +
                                 " ledger failed, it is opened again every few seconds: " +
                                 chain->failure());
    }
    if (store != nullptr && store->failure()) {
        return http::problem(503, "not-ready",
                             "the store of devices and receipts failed, see to its disk and start "
                             "again: " + store->failure()->to_string());
    }
    json::object out;
    out["ready"] = true;
    return json_response(200, out);
}

void add_status_routes(http::Router& router, const StatusApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/livez", bind(get_livez));
    add_plain(router, "GET", "/readyz", bind(get_readyz));
    add_plain(router, "GET", "/v1/status", bind(get_status));
}

}  // namespace assay::gateway
