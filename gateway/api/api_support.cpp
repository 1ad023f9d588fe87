#include "gateway/api/api_support.hpp"

#include <boost/json/serialize.hpp>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::gateway {
namespace {

unsigned status_of(const Error& error) {
    if (error.is(Refusal::kReleaseUnknown)) return 404;
    if (error.is(Refusal::kMempoolFull)) return 503;
    if (error.is(Refusal::kMalformed) || error.is(Refusal::kLimitExceeded)) return 400;
    if (refusal_of(error.code())) return 422;
    if (error.is(std::errc::no_such_file_or_directory)) return 404;
    if (error.is(std::errc::resource_unavailable_try_again)) return 503;
    return 500;
}

// Owns the handler for as long as the request is served.
boost::asio::awaitable<http::Response> answer(std::shared_ptr<const PlainHandler> handler,
                                              http::Request request) {
    co_return (*handler)(request);
}

}  // namespace

http::Response json_response(unsigned status, const boost::json::object& body) {
    return http::Response(status, "application/json", boost::json::serialize(body) + "\n");
}

http::Response problem_of(const Error& error) {
    const unsigned status = status_of(error);
    if (!refusal_of(error.code()) && (status == 404 || status == 503)) {
        http::Response told =
            http::problem(status, status == 404 ? "not-found" : "not-ready", error.context());
        if (status == 503) told.headers.set("Retry-After", "5");
        return told;
    }
    return http::problem(status, error);
}

Result<ledger::LeafHash> leaf_in_path(const http::Request& request) {
    const auto leaf = hash_from_hex<ledger::LeafHash>(request.path_value("leaf"));
    if (!leaf) return fail(Refusal::kMalformed, "a leaf hash has 64 hexadecimal digits");
    return *leaf;
}

std::optional<http::Response> OperatorToken::refuse(const http::Request& request) const {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view given = request.header("Authorization").value_or("");
    // Digests have one length and reveal nothing by where they first differ.
    if (given.starts_with(kScheme) && crypto::sha256(as_bytes(given.substr(kScheme.size()))) ==
                                          crypto::sha256(as_bytes(token_))) {
        return std::nullopt;
    }
    http::Response refusal = http::problem(
        401, "token-required", "send \"Authorization: Bearer\" with the token in operator.token");
    refusal.headers.set("WWW-Authenticate", "Bearer");
    return refusal;
}

void add_plain(http::Router& router,
               std::string_view method,
               std::string_view pattern,
               PlainHandler handler) {
    auto shared = std::make_shared<const PlainHandler>(std::move(handler));
    router.add(method, pattern, [shared = std::move(shared)](http::Request request) {
        return answer(shared, std::move(request));
    });
}

}  // namespace assay::gateway
