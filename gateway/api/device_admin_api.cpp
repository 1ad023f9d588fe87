#include "gateway/api/device_admin_api.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "device/protocol/enrolment.hpp"
#include "device/protocol/paths.hpp"
#include "gateway/dispatch/rollout_json.hpp"
#include "gateway/receipt/receipt_audit.hpp"
#include "gateway/release/device_proof_builder.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kTagsMax = 64;

json::object describe_hold(const Hold& hold) {
    json::object out;
    out["release"] = to_hex(hold.release.view());
    out["failures"] = hold.failures;
    out["until"] = hold.until.time_since_epoch().count();
    return out;
}

json::object describe_device(const Device& device, const DispatchRules& rules, Timestamp now) {
    json::object out;
    out["id"] = device.id;
    out["ledger_id"] = to_hex(device.ledger_id);
    out["standing"] = device.is_blocked ? "blocked" : "accepted";
    out["enrolled_by"] = device.enrolled_by.empty() ? "operator" : device.enrolled_by;
    out["hardware"] = device.hardware;
    out["enrolled"] = device.enrolled.time_since_epoch().count();
    out["last_seen"] = device.last_seen.time_since_epoch().count();
    out["confirmed_sequence"] = device.confirmed_sequence;
    out["last_event"] = device.last_event;
    if (!device.last_word.empty()) out["last_word"] = device.last_word;
    out["site"] = device.site;
    json::array& tags = out["tags"].emplace_array();
    for (const std::string& tag : device.tags) tags.emplace_back(tag);
    json::array& holds = out["holds"].emplace_array();
    for (const Hold& hold : device.holds) holds.push_back(describe_hold(hold));
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
    out["assignment"] = to_string(decide_assignment(device, rules, now).verdict);
    if (device.assignment) out["release"] = to_hex(device.assignment->release.view());
    return out;
}

http::Response get_devices(const DeviceAdminParts& parts, const http::Request&) {
    json::array devices;
    const Timestamp now = parts.clock.now();
    for (const auto& [id, device] : parts.devices.devices()) {
        devices.push_back(describe_device(device, parts.rules, now));
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
    const Enrolment enrolment{wanted->id, identity->ledger_id, identity->key, {}, {}};
    Result<void> enrolled;
    const auto enrol = [&] { enrolled = parts.devices.enrol(enrolment, change, parts.clock.now()); };
    if (Device* const known = parts.devices.find(wanted->id); known != nullptr) {
        const bool more = parts.rollouts.change(*known, [&](Device&) { enrol(); }, parts.clock.now());
        if (enrolled && more) enrolled = parts.devices.save(*known);
    } else {
        enrol();
    }
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

// {"site": "...", "tags": [...]}: what is missing stays as it is.
Result<void> read_labels(std::string_view text, Device& device) {
    boost::system::error_code bad;
    const json::value value = json::parse(text, bad);
    const auto malformed = [](const char* why) { return fail(Refusal::kMalformed, why); };
    if (bad || !value.is_object()) return malformed("labels are {\"site\": \"...\", \"tags\": [...]}");
    for (const auto& member : value.get_object()) {
        const json::value& given = member.value();
        if (member.key() == "site" && given.is_string()) {
            device.site = std::string(given.get_string());
        } else if (member.key() == "tags" && given.is_array()) {
            device.tags.clear();
            for (const json::value& tag : given.get_array()) {
                if (!tag.is_string()) return malformed("tags are texts");
                device.tags.emplace_back(tag.get_string());
            }
        } else {
            return malformed("labels have a text \"site\" and a list \"tags\", nothing else");
        }
    }
    const bool site_is_good = device.site.empty() || is_label(device.site);
    if (!site_is_good || device.tags.size() > kTagsMax || !std::ranges::all_of(device.tags, is_label)) {
        return malformed("a site and up to 64 tags have 1 to 64 characters of a-z, 0-9, '.' and '-' each");
    }
    return {};
}

http::Response no_device() {
    return http::problem(404, "not-found", "no device of that name is enrolled here; "
                                           "`assay device list` shows those that are");
}

http::Response post_labels(const DeviceAdminParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    Device* const known = parts.devices.find(request.path_value("id"));
    if (known == nullptr) return no_device();
    Device device = *known;
    if (auto read = read_labels(as_text(request.body), device); !read) return problem_of(read.error());
    if (auto saved = parts.devices.save(device); !saved) return problem_of(saved.error());
    if (parts.rollouts.change(*known, [&](Device& it) { it = std::move(device); }, parts.clock.now())) {
        if (auto saved = parts.devices.save(*known); !saved) return problem_of(saved.error());
    }
    parts.waiters.wake(*known);
    return json_response(200, describe_device(*known, parts.rules, parts.clock.now()));
}

// Whatever failed on it is as if it had not: with all its attempts, and without a pause. In a rollout its
// turn is that of a device that begins.
http::Response post_retry(const DeviceAdminParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    Device* const device = parts.devices.find(request.path_value("id"));
    if (device == nullptr) return no_device();
    if (std::vector<Hold> before = std::exchange(device->holds, {}); !before.empty()) {
        if (auto saved = parts.devices.save(*device); !saved) {
            device->holds = std::move(before);
            return problem_of(saved.error());
        }
        log::info("device-retry", {{"device", device->id}});
        parts.waiters.wake(*device);
    }
    return json_response(200, describe_device(*device, parts.rules, parts.clock.now()));
}

http::Response get_audit(const DeviceAdminParts& parts, const http::Request&) {
    const auto audit = audit_receipts(parts.receipts, parts.gateway.chain(), parts.gateway.slot());
    if (!audit) return problem_of(audit.error());
    json::object out;
    out["stored"] = audit->stored;
    out["on_ledger"] = audit->on_ledger;
    out["on_ledger_twice"] = audit->on_ledger_twice;
    out["missing"] = audit->missing;
    out["batches"] = audit->batches;
    out["batches_lost"] = audit->batches_lost;
    return json_response(200, out);
}

}  // namespace

void add_device_admin_routes(http::Router& router, const DeviceAdminParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/devices", bind(get_devices));
    add_plain(router, "POST", "/v1/devices", bind(post_device));
    add_plain(router, "POST", "/v1/devices/{id}/labels", bind(post_labels));
    add_plain(router, "POST", "/v1/devices/{id}/retry", bind(post_retry));
    add_plain(router, "GET", "/v1/receipts/audit", bind(get_audit));
}

}  // namespace assay::gateway
