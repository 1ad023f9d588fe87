#include "gateway/api/investigation_api.hpp"


#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/investigation/device_history.hpp"
#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

constexpr std::string_view kCaseType = "application/cose";

http::Response get_history(const InvestigationParts& parts, const http::Request& request) {
    const Device* const device = parts.sources.devices.find(request.path_value("id"));
    if (device == nullptr) {
        return http::problem(404, "not-found", "no device of that name is enrolled here; "
                                               "`assay device list` shows those that are");
    }
    const auto history = device_history(*device, parts.sources.receipts,
                                        final_ledger(parts.gateway), view_of(parts.consortium));
    if (!history) return problem_of(history.error());
    auto out = *history;
    out["gateway"] = parts.name;
    return json_response(200, out);
}

Result<std::optional<std::uint64_t>> read_time(const http::Request& request, std::string_view name) {
    const auto text = request.query_value(name);
    if (!text) return std::optional<std::uint64_t>();
    const auto value = parse_number(*text);
    if (!value) return fail(Refusal::kMalformed, std::string(name) + " is in seconds since 1970");
    return value;
}

Result<CaseQuestion> read_question(const http::Request& request) {
    CaseQuestion question;
    if (const auto device = request.query_value("device")) question.device = std::string(*device);
    if (const auto leaf = request.query_value("release")) {
        question.release = hash_from_hex<ledger::LeafHash>(*leaf);
        if (!question.release) return fail(Refusal::kMalformed, "release is 64 hexadecimal digits");
    }
    const auto from = read_time(request, "from");
    if (!from) return fail(Error(from.error()));
    const auto to = read_time(request, "to");
    if (!to) return fail(Error(to.error()));
    question.from = *from;
    question.to = *to;
    if (question == CaseQuestion{}) {
        return fail(Refusal::kMalformed, "ask for a device, a release, or a span of time");
    }
    return question;
}

boost::asio::awaitable<http::Response> get_case(InvestigationParts parts, http::Request request) {
    auto question = read_question(request);
    if (!question) co_return problem_of(question.error());
    auto builder = CaseBuilder::begin(std::move(*question), parts.sources,
                                      final_ledger(parts.consortium), final_ledger(parts.gateway));
    if (!builder) co_return problem_of(builder.error());
    const auto executor = co_await boost::asio::this_coro::executor;
    for (;;) {
        const auto more = builder->step();
        if (!more) co_return problem_of(more.error());
        if (!*more) break;
        // Devices are served between one batch and the next.
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
    auto file = builder->finish(parts.name, parts.gateway.tx_key(), parts.clock.now());
    if (!file) co_return problem_of(file.error());
    co_return http::Response(200, kCaseType, std::move(*file));
}

}  // namespace

void add_investigation_routes(http::Router& router, const InvestigationParts& parts) {
    add_plain(router, "GET", "/v1/devices/{id}/history",
              [parts](const http::Request& request) { return get_history(parts, request); });
    router.add("GET", "/v1/case",
               [parts](http::Request request) { return get_case(parts, std::move(request)); });
}

}  // namespace assay::gateway
