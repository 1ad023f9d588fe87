// Finds the handler for a request by method and path.
//
// A pattern is a path whose segments are literal text, `{name}` (one segment, not empty) or, as the
// last one, `{name...}` (the rest of the path, one segment or more). Literal segments win over
// `{name}`, which wins over `{name...}`. Segments are percent-decoded after splitting, so an
// encoded slash does not separate. A GET route also answers HEAD.
//
// A Router is itself a Handler. It is filled before the server starts and only read afterwards.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/http/message.hpp"

namespace assay::http {

struct Route {
    Route(std::string route_method, std::string route_pattern, Handler route_handler);
    std::string method;
    std::string pattern;  // "/v1/ledgers/{ledger}/blocks/{height}"
    Handler handler;
    std::vector<std::string> segments;  // of the pattern
};

class Router {
  public:
    // A pattern that is not one, or a second route for the same method and pattern, is a bug.
    void add(std::string_view method, std::string_view pattern, Handler handler);
    void get(std::string_view pattern, Handler handler) { add("GET", pattern, std::move(handler)); }
    void post(std::string_view pattern, Handler handler) {
        add("POST", pattern, std::move(handler));
    }
    void put(std::string_view pattern, Handler handler) { add("PUT", pattern, std::move(handler)); }

    // 404 if no pattern matches the path; 405 with Allow if none does for the method.
    [[nodiscard]] boost::asio::awaitable<Response> operator()(Request request) const;

    // In the order of adding; a test compares them with the API document.
    [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace assay::http
