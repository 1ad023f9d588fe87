#include "gateway/api/device_admin_api.hpp"

#include <boost/json/array.hpp>

#include "device/protocol/enrolment.hpp"
#include "device/protocol/paths.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/receipt/receipt_audit.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

json::object describe_device(const Device& device, const ReleaseCatalog& catalog, Timestamp now) {
    json::object out;
    out["id"] = device.id;
    out["ledger_id"] = to_hex(device.ledger_id);
    out["enrolled"] = device.enrolled.time_since_epoch().count();
    out["last_seen"] = device.last_seen.time_since_epoch().count();
    out["confirmed_sequence"] = device.confirmed_sequence;
    out["last_event"] = device.last_event;
    if (!device.last_word.empty()) out["last_word"] = device.last_word;
    if (!device.report) {
        out["state"] = "enrolled";
        return out;
    }
    out["state"] = device.report->state;
    out["vendor"] = to_hex(device.report->target.vendor);
    out["class"] = to_hex(device.report->target.device_class);
    out["component"] = device.report->target.component;
    out["sequence"] = device.report->sequence;
    out["version"] = device.report->version;
    out["running"] = to_hex(device.report->running.view());
    out["epoch"] = device.report->epoch;
    out["assignment"] = to_string(decide_assignment(device, catalog, now).verdict);
    if (device.assignment) out["release"] = to_hex(device.assignment->release.view());
    return out;
}

http::Response get_devices(const DeviceAdminParts& parts, const http::Request&) {
    json::array devices;
    const Timestamp now = parts.clock.now();
    for (const auto& [id, device] : parts.devices.devices()) {
        devices.push_back(describe_device(device, parts.catalog, now));
    }
    json::object out;
    out["devices"] = std::move(devices);
    return json_response(200, out);
}

http::Response post_device(const DeviceAdminParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const auto wanted = protocol::parse_enrolment_request(as_text(request.body));
    if (!wanted) return problem_of(wanted.error());
    const auto anchor = make_anchor(parts.consortium, ledger::vendor_id_of(wanted->vendor));
    if (!anchor) return problem_of(anchor.error());
    auto identity = parts.authority.issue(wanted->id, as_bytes(wanted->csr));
    if (!identity) return problem_of(identity.error());
    using KeyChange = DeviceRegistry::KeyChange;
    const auto change = wanted->replace_key ? KeyChange::kReplace : KeyChange::kRefuse;
    const auto enrolled = parts.devices.enrol(wanted->id, identity->ledger_id, identity->key, change,
                                              parts.clock.now());
    if (!enrolled && enrolled.error().is(std::errc::file_exists)) {
        return http::problem(409, "already-enrolled", enrolled.error().context());
    }
    if (!enrolled) return problem_of(enrolled.error());
    log::info("device-enrolled", {{"device", wanted->id}});

    protocol::EnrolmentAnswer answer;
    answer.certificate = std::string(as_text(identity->certificate_pem));
    answer.ca = std::string(as_text(parts.authority.certificate_pem()));
    answer.anchor = ledger::encode_anchor(*anchor);
    answer.ledger_id = identity->ledger_id;
    answer.gateway = parts.devices_url;
    return http::Response(201, protocol::kJsonType, std::string_view(protocol::to_json(answer)));
}

http::Response get_audit(const DeviceAdminParts& parts, const http::Request&) {
    const auto audit = audit_receipts(parts.receipts, parts.gateway.chain());
    if (!audit) return problem_of(audit.error());
    json::object out;
    out["stored"] = audit->stored;
    out["on_ledger"] = audit->on_ledger;
    out["on_ledger_twice"] = audit->on_ledger_twice;
    out["missing"] = audit->missing;
    out["batches"] = audit->batches;
    return json_response(200, out);
}

}  // namespace

void add_device_admin_routes(http::Router& router, const DeviceAdminParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/devices", bind(get_devices));
    add_plain(router, "POST", "/v1/devices", bind(post_device));
    add_plain(router, "GET", "/v1/receipts/audit", bind(get_audit));
}

}  // namespace assay::gateway
