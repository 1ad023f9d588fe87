#include "host/http/router.hpp"

#include <algorithm>
#include <set>

#include "host/base/assert.hpp"
#include "host/http/url.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;

// In order of preference: which of two matching patterns wins.
enum class Segment { kLiteral, kOne, kRest };

Segment kind_of(std::string_view segment) noexcept {
    if (!segment.starts_with('{')) return Segment::kLiteral;
    return segment.ends_with("...}") ? Segment::kRest : Segment::kOne;
}

std::string name_of(std::string_view segment) {
    const std::size_t tail = kind_of(segment) == Segment::kRest ? 5 : 2;
    return std::string(segment.substr(1, segment.size() - tail));
}

// "/a/b" -> "a", "b"; "/" -> "".
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        out.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
}

struct Match {
    std::vector<Segment> kinds;  // lexicographically smaller is better
    Parameters values;
};

// `path` holds segments that are decoded already.
std::optional<Match> match(const Route& route, const std::vector<std::string>& path) {
    Match out;
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
        if (i >= path.size()) return std::nullopt;
        const std::string& segment = route.segments[i];
        const Segment kind = kind_of(segment);
        out.kinds.push_back(kind);
        if (kind == Segment::kLiteral) {
            if (segment != path[i]) return std::nullopt;
            continue;
        }
        std::string value = path[i];
        if (kind == Segment::kRest) {
            for (std::size_t j = i + 1; j < path.size(); ++j) value += "/" + path[j];
        }
        if (value.empty()) return std::nullopt;
        out.values.emplace_back(name_of(segment), std::move(value));
        if (kind == Segment::kRest) return out;
    }
    if (path.size() != route.segments.size()) return std::nullopt;
    return out;
}

bool answers(const Route& route, std::string_view method) noexcept {
    return route.method == method || (method == "HEAD" && route.method == "GET");
}

asio::awaitable<Response> answer(Response response) { co_return response; }

}  // namespace

Route::Route(std::string route_method, std::string route_pattern, Handler route_handler)
    : method{std::move(route_method)},
      pattern{std::move(route_pattern)},
      handler{std::move(route_handler)},
      segments{split(pattern)} {}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
    ASSAY_ASSERT(pattern.starts_with('/') && handler);
    Route route{std::string(method), std::string(pattern), std::move(handler)};
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
        const Segment kind = kind_of(route.segments[i]);
        const bool last = i + 1 == route.segments.size();
        ASSAY_ASSERT(kind == Segment::kLiteral || route.segments[i].ends_with('}'));
        ASSAY_ASSERT(kind != Segment::kRest || last);
    }
    for (const Route& other : routes_) {
        ASSAY_ASSERT(other.method != route.method || other.pattern != route.pattern);
    }
    routes_.push_back(std::move(route));
}

asio::awaitable<Response> Router::operator()(Request request) const {
    std::vector<std::string> path = split(request.path);
    for (std::string& segment : path) {
        auto decoded = percent_decode(segment);
        if (!decoded) return answer(problem(400, Refusal::kMalformed, "path is not well encoded"));
        segment = std::move(*decoded);
    }

    const Route* best = nullptr;
    Match best_match;
    for (const Route& route : routes_) {
        if (!answers(route, request.method)) continue;
        auto found = match(route, path);
        if (!found) continue;
        if (best == nullptr || found->kinds < best_match.kinds) {
            best = &route;
            best_match = std::move(*found);
        }
    }
    if (best != nullptr) {
        request.path_values = std::move(best_match.values);
        return best->handler(std::move(request));
    }
    std::set<std::string> allowed;
    for (const Route& route : routes_) {
        if (!match(route, path)) continue;
        allowed.insert(route.method);
        if (route.method == "GET") allowed.insert("HEAD");
    }
    if (allowed.empty()) {
        return answer(problem(404, "not-found", "there is nothing at " + request.path));
    }
    std::string allow;
    for (const std::string& method : allowed) allow += (allow.empty() ? "" : ", ") + method;
    Response refusal = problem(405, "method-not-allowed",
                               request.method + " is not for " + request.path + ": " + allow);
    refusal.headers.set("Allow", allow);
    return answer(std::move(refusal));
}

}  // namespace assay::http
