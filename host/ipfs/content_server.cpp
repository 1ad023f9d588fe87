#include "host/ipfs/content_server.hpp"

#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>

#include "host/base/assert.hpp"
#include "host/base/file.hpp"
#include "host/http/range.hpp"

namespace assay::ipfs {
namespace {

constexpr std::string_view kRawType = "application/vnd.ipld.raw";

// "a/b;q=0.5, c/d" has "a/b".
bool lists(std::string_view header, std::string_view wanted) {
    while (!header.empty()) {
        const std::size_t comma = header.find(',');
        std::string_view item = header.substr(0, comma);
        item = item.substr(0, item.find(';'));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (item == wanted) return true;
        if (comma == std::string_view::npos) break;
        header.remove_prefix(comma + 1);
    }
    return false;
}

// Nothing if raw blocks are what the client wants; `format` beats Accept (IPIP-523).
std::optional<http::Response> check_format(const http::Request& request) {
    if (const auto format = request.query_value("format")) {
        if (*format == "raw") return std::nullopt;
        return http::problem(406, Refusal::kUnknownType,
                             "format '" + std::string(*format) + "'; only raw blocks are served");
    }
    const std::string_view accept = request.header("Accept").value_or("");
    if (lists(accept, kRawType)) return std::nullopt;
    if (accept.empty() || lists(accept, "*/*")) {
        return http::problem(400, Refusal::kMalformed,
                             "ask for ?format=raw or Accept: application/vnd.ipld.raw");
    }
    return http::problem(406, Refusal::kUnknownType, "only application/vnd.ipld.raw is served");
}

bool matches_etag(std::string_view if_none_match, const std::string& etag) {
    return lists(if_none_match, etag) || lists(if_none_match, "W/" + etag) ||
           lists(if_none_match, "*");
}

http::Response missing_block(const http::Request& request, const Cid& cid) {
    const bool only_cached = lists(request.header("Cache-Control").value_or(""), "only-if-cached");
    return http::problem(only_cached ? 412 : 404, "not-found",
                         "block " + cid.to_string() + " is not here");
}

void add_block_headers(http::Response& response, const Cid& cid, const std::string& etag) {
    const std::string text = cid.to_string();
    response.headers.set("ETag", etag);
    // What a CID names never changes.
    response.headers.set("Cache-Control", "public, max-age=29030400, immutable");
    response.headers.set("Content-Disposition", "attachment; filename=\"" + text + ".bin\"");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("X-Ipfs-Path", "/ipfs/" + text);
    response.headers.set("X-Ipfs-Roots", text);
}

http::Response serve_block(const BlockStore& store, const http::Request& request) {
    if (auto refused = check_format(request)) return std::move(*refused);
    const auto cid = parse_cid(request.path_value("cid"));
    if (!cid) return http::problem(400, cid.error());
    const std::string etag = "\"" + cid->to_string() + ".raw\"";

    http::Response response;
    // The block of an identity CID is in its name; bafkqaaa, the empty one, is the usual probe.
    if (cid->hash_code() == HashCode::kIdentity) {
        response = http::Response(200, kRawType, to_bytes(cid->digest()));
    } else {
        const auto path = store.path_of(*cid);
        auto file = FileHandle::open(path, O_RDONLY);
        const auto size = assay::file_size(path);
        if (!file || !size) {
            const Error& error = !file ? file.error() : size.error();
            if (error.is(std::errc::no_such_file_or_directory)) return missing_block(request, *cid);
            return http::problem(500, error);
        }
        http::FileRange content(std::make_shared<const FileHandle>(std::move(*file)), 0, *size);
        response = http::Response(200, kRawType, std::move(content));
    }
    if (matches_etag(request.header("If-None-Match").value_or(""), etag)) {
        response = http::Response(304);
    }
    add_block_headers(response, *cid, etag);
    return response.status == 200 ? http::apply_range(request, std::move(response))
                                  : std::move(response);
}

}  // namespace

void add_content_routes(http::Router& router, const BlockStore& store, ReadPermission may_read) {
    ASSAY_ASSERT(may_read != nullptr);
    router.get("/ipfs/{cid}",
               [&store, may_read = std::move(may_read)](
                   http::Request request) -> boost::asio::awaitable<http::Response> {
                   if (!may_read(request.peer)) {
                       co_return http::problem(403, Refusal::kPeerUnknown,
                                               "content goes to members and enrolled devices");
                   }
                   co_return serve_block(store, request);
               });
}

}  // namespace assay::ipfs
