#include "gateway/api/enrolment_api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "device/protocol/json_reader.hpp"
#include "device/protocol/paths.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

constexpr std::uint64_t kTokenSecondsMax = 366 * 24 * 3600;

boost::json::object describe_entry(const EnrolmentEntry& entry) {
    boost::json::object out;
    out["id"] = entry.id;
    out["standing"] = to_string(entry.standing);
    out["key"] = to_hex(entry.key.view());
    out["vendor"] = entry.vendor;
    out["class"] = entry.device_class;
    out["component"] = entry.component;
    out["hardware"] = entry.hardware;
    out["asked"] = entry.asked.time_since_epoch().count();
    return out;
}

http::Response get_enrolments(const EnrolmentApiParts& parts, const http::Request&) {
    boost::json::array waiting;
    for (const auto& [id, entry] : parts.factory.requests.entries()) {
        waiting.push_back(describe_entry(entry));
    }
    const TokenBook::Counts counts = parts.factory.tokens.count(parts.factory.clock.now());
    boost::json::object out;
    out["devices"] = std::move(waiting);
    out["tokens_unused"] = counts.unused;
    out["tokens_used"] = counts.used;
    out["tokens_expired"] = counts.expired;
    out["factory"] = parts.factory_url;
    return json_response(200, out);
}

http::Response post_tokens(const EnrolmentApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    protocol::JsonReader in(as_text(request.body), "token order", 4096);
    TokenTerms terms;
    const std::uint64_t count = in.number("count", kTokensAtOnceMax);
    terms.vendor = in.text("vendor", 256);
    terms.device_class = in.text("class", 256);
    const Timestamp now = parts.factory.clock.now();
    const auto seconds = static_cast<std::int64_t>(in.number("expires_s", kTokenSecondsMax));
    terms.expires = now + std::chrono::seconds(seconds);
    const auto order = in.finish(terms);
    if (!order) return problem_of(order.error());
    const auto secrets = parts.factory.tokens.make(count, *order, now);
    if (!secrets) return problem_of(secrets.error());
    boost::json::array tokens;
    for (const std::string& secret : *secrets) {
        protocol::FactoryToken token;
        token.secret = secret;
        token.pin = parts.pin;
        tokens.push_back(boost::json::string(protocol::to_string(token)));
    }
    boost::json::object out;
    out["tokens"] = std::move(tokens);
    out["expires"] = order->expires.time_since_epoch().count();
    out["factory"] = parts.factory_url;
    return json_response(201, out);
}

http::Response standing_response(const std::string& id, Standing standing) {
    boost::json::object out;
    out["id"] = id;
    out["standing"] = to_string(standing);
    return json_response(200, out);
}

// Accepts or blocks; the rollouts count no device that is blocked.
Result<void> decide(const EnrolmentApiParts& parts, const std::string& id, const std::function<void()>& act) {
    Device* const device = parts.factory.devices.find(id);
    if (device == nullptr) {
        act();
        return {};
    }
    const auto decided = [&](Device&) { act(); };
    if (!parts.rollouts.change(*device, decided, parts.factory.clock.now())) return {};
    return parts.factory.devices.save(*device);
}

http::Response post_accept(const EnrolmentApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const std::string id(request.path_value("id"));
    Result<bool> accepted;
    const auto decided = decide(parts, id, [&] { accepted = accept_device(parts.factory, id); });
    if (!accepted) return problem_of(accepted.error());
    if (!decided) return problem_of(decided.error());
    if (!*accepted) {
        return http::problem(404, "not-found", id + " has not asked to be enrolled here; "
                                               "`assay device list` shows who has");
    }
    return standing_response(id, Standing::kAccepted);
}

http::Response post_refuse(const EnrolmentApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const std::string id(request.path_value("id"));
    const auto refused = refuse_request(parts.factory, id);
    if (!refused) return problem_of(refused.error());
    if (!*refused) {
        return http::problem(404, "not-found", "no request of " + id + " is known here; a device that is "
                                               "enrolled is blocked, not refused");
    }
    return standing_response(id, Standing::kRefused);
}

http::Response post_block(const EnrolmentApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const std::string id(request.path_value("id"));
    Result<void> blocked;
    const auto decided = decide(parts, id, [&] { blocked = block_device(parts.factory, id); });
    if (!blocked) return problem_of(blocked.error());
    if (!decided) return problem_of(decided.error());
    return standing_response(id, Standing::kBlocked);
}

}  // namespace

void add_factory_routes(http::Router& router, const FactoryParts& parts, AddressBudget& budget) {
    const auto handler = [parts, &budget](const http::Request& request) {
        const auto now = std::chrono::steady_clock::now();
        if (!budget.try_charge(request.origin, now)) {
            return http::problem(429, "too-many-requests", "from this address; ask again later");
        }
        http::Response response = admit(parts, as_text(request.body));
        if (response.status >= 400 && response.status < 500) {
            budget.charge_refusal(request.origin, now);
        }
        return response;
    };
    add_plain(router, "POST", protocol::kFactoryPath, handler);
}

void add_enrolment_routes(http::Router& router, const EnrolmentApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/enrolments", bind(get_enrolments));
    add_plain(router, "POST", "/v1/enrolments/tokens", bind(post_tokens));
    add_plain(router, "POST", "/v1/devices/{id}/accept", bind(post_accept));
    add_plain(router, "POST", "/v1/devices/{id}/refuse", bind(post_refuse));
    add_plain(router, "POST", "/v1/devices/{id}/block", bind(post_block));
}

}  // namespace assay::gateway
