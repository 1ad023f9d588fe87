#include "gateway/api/content_admin_api.hpp"

#include "device/protocol/json_reader.hpp"

namespace assay::gateway {
namespace {

boost::asio::awaitable<http::Response> post_collect(ContentAdminParts parts, http::Request request) {
    if (auto refusal = parts.token.refuse(request)) co_return std::move(*refusal);
    protocol::JsonReader in(as_text(request.body), "collection", 4096);
    const bool dry_run = in.boolean("dry_run");
    const auto order = in.finish(dry_run);
    if (!order) co_return problem_of(order.error());
    const auto report = co_await parts.care.collect(*order);
    if (report) {
        boost::json::object out = describe_collection(*report);
        out["dry_run"] = *order;
        co_return json_response(200, out);
    }
    if (report.error().is(std::errc::resource_unavailable_try_again)) {
        co_return http::problem(423, "content-busy", report.error().to_string());
    }
    if (report.error().is(std::errc::operation_canceled)) {
        co_return http::problem(503, "not-ready", "the daemon is stopping");
    }
    co_return problem_of(report.error());
}

}  // namespace

void add_content_admin_routes(http::Router& router, const ContentAdminParts& parts) {
    router.add("POST", "/v1/content/collect", [parts](http::Request request) {
        return post_collect(parts, std::move(request));
    });
}

}  // namespace assay::gateway
