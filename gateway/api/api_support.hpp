// What the handlers of both REST interfaces share: JSON answers, names in paths, the operator's
// token. Io thread only.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "host/http/message.hpp"
#include "host/http/router.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

[[nodiscard]] http::Response json_response(unsigned status, const boost::json::object& body);
// problem+json for an error: 422 for a refusal, 503 for what may be tried again, 404 for what is
// not there, else 500.
[[nodiscard]] http::Response problem_of(const Error& error);

// The path's {leaf}; fails with kMalformed unless it is 64 hexadecimal digits.
[[nodiscard]] Result<ledger::LeafHash> leaf_in_path(const http::Request& request);

// Lets a request that changes something pass only with "Authorization: Bearer <operator.token>".
class OperatorToken {
  public:
    explicit OperatorToken(std::string token) : token_{std::move(token)} {}

    // The 401 to answer, or nothing if the token is right. Compares in constant time.
    [[nodiscard]] std::optional<http::Response> refuse(const http::Request& request) const;

  private:
    std::string token_;
};

// Registers a handler that needs no waiting.
using PlainHandler = std::function<http::Response(const http::Request&)>;
void add_plain(http::Router& router,
               std::string_view method,
               std::string_view pattern,
               PlainHandler handler);

}  // namespace assay::gateway
