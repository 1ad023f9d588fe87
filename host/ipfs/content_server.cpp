#include "host/ipfs/content_server.hpp"

#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>

#include "host/base/assert.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/compute/async.hpp"
#include "host/crypto/sha256.hpp"
#include "host/http/range.hpp"
#include "host/ipfs/car_export.hpp"
#include "host/ipfs/content_request.hpp"
#include "host/ipfs/ipns_record.hpp"

namespace assay::ipfs {
namespace asio = boost::asio;
namespace {

// What a CID names never changes.
constexpr std::string_view kForever = "public, max-age=29030400, immutable";

bool matches_etag(const http::Request& request, const std::string& etag) {
    const std::string_view wanted = request.header("If-None-Match").value_or("");
    return field_lists(wanted, etag) || field_lists(wanted, "W/" + etag) ||
           field_lists(wanted, "*");
}

http::Response not_here(const http::Request& request, const Error& error) {
    const bool only_cached =
        field_lists(request.header("Cache-Control").value_or(""), "only-if-cached");
    return http::problem(only_cached ? 412 : 404, "not-found", error.to_string());
}

// What every good answer about content says.
void add_content_headers(http::Response& response,
                         const http::Request& request,
                         const std::string& etag,
                         const std::string& file_name) {
    response.headers.set("ETag", etag);
    response.headers.set("Cache-Control", std::string(kForever));
    response.headers.set("Content-Disposition", content_disposition(request, file_name));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("X-Ipfs-Path", request.path);
    response.headers.set("Vary", "Accept");
}

http::Response block_response(const BlockStore& store, const http::Request& request, const Cid& cid) {
    constexpr std::string_view kRawType = "application/vnd.ipld.raw";
    // The block of an identity CID is in its name; bafkqaaa, the empty one, is the usual probe.
    if (cid.hash_code() == HashCode::kIdentity) {
        return http::Response(200, kRawType, to_bytes(cid.digest()));
    }
    const auto path = store.path_of(cid);
    auto file = FileHandle::open(path, O_RDONLY);
    const auto size = assay::file_size(path);
    if (!file || !size) {
        const Error& error = !file ? file.error() : size.error();
        if (!error.is(std::errc::no_such_file_or_directory)) return http::problem(500, error);
        return not_here(request, Error(std::make_error_code(std::errc::no_such_file_or_directory),
                                       "block " + cid.to_string() + " is not here"));
    }
    http::FileRange content(std::make_shared<const FileHandle>(std::move(*file)), 0, *size);
    return http::Response(200, kRawType, std::move(content));
}

http::Response serve_block(const BlockStore& store, const http::Request& request, const Cid& cid) {
    const std::string etag = "\"" + cid.to_string() + ".raw\"";
    http::Response response = block_response(store, request, cid);
    if (response.status != 200) return response;
    if (matches_etag(request, etag)) response = http::Response(304);
    add_content_headers(response, request, etag, cid.to_string() + ".bin");
    response.headers.set("X-Ipfs-Roots", cid.to_string());
    return response.status == 200 ? http::apply_range(request, std::move(response))
                                  : std::move(response);
}

// Differs when anything differs that decides which bytes are sent.
std::string car_etag(const http::Request& request, const Cid& root, const CarOptions& options) {
    std::string what = request.path + " " + std::to_string(static_cast<int>(options.scope));
    what += options.duplicates ? " y" : " n";
    if (options.bytes) {
        what += " " + std::to_string(options.bytes->from) + ":";
        what += options.bytes->to ? std::to_string(*options.bytes->to) : "*";
    }
    const Sha256Digest digest = crypto::sha256(as_bytes(what));
    return "\"" + root.to_string() + ".car." + to_hex(digest.bytes).substr(0, 16) + "\"";
}

// What the routes work with.
struct Serving {
    Serving(const BlockStore& block_store, asio::thread_pool& thread_pool, ReadPermission permission)
        : store{block_store}, pool{thread_pool}, may_read{std::move(permission)} {}
    const BlockStore& store;
    asio::thread_pool& pool;
    ReadPermission may_read;
};
using ServingPtr = std::shared_ptr<const Serving>;

// Nodes are read on the pool. Leaves go from their files to the connection, and are only opened here.
asio::awaitable<Result<http::BodyPiece>> next_piece(std::shared_ptr<CarExport> archive,
                                                    asio::thread_pool& pool) {
    while (!archive->complete()) {
        auto step = [&archive] { return archive->step(); };
        if (!archive->reads_next()) {
            auto piece = step();
            if (!piece || piece->size() > 0) co_return piece;
        } else {
            auto piece = co_await compute::run_blocking(pool, std::move(step));
            if (!piece || piece->size() > 0) co_return piece;
        }
    }
    co_return http::BodyPiece();
}

http::Response no_such_path(const http::Request& request, const Error& error) {
    if (error.is(std::errc::no_such_file_or_directory) || error.is(std::errc::not_a_directory)) {
        return not_here(request, error);
    }
    const bool strange = error.is(Refusal::kMalformed) || error.is(Refusal::kCidUnsupported);
    return http::problem(strange ? 422 : 500, error);
}

http::Response car_response(const Serving& serving,
                            const http::Request& request,
                            const Cid& root,
                            const ContentRequest& wanted,
                            ResolvedPath path) {
    const std::string etag = car_etag(request, root, wanted.car);
    const std::string roots =
        root.to_string() + (wanted.path.empty() ? "" : "," + path.target.to_string());
    http::Response response(304);
    if (!matches_etag(request, etag)) {
        const std::string type = std::string("application/vnd.ipld.car; version=1; order=dfs; ") +
                                 (wanted.car.duplicates ? "dups=y" : "dups=n");
        auto archive = std::make_shared<CarExport>(serving.store, std::move(path), wanted.car);
        auto next = [archive, pool = &serving.pool] { return next_piece(archive, *pool); };
        response = http::Response(200, type, http::StreamedBody(std::move(next), std::nullopt));
    }
    add_content_headers(response, request, etag, root.to_string() + ".car");
    response.headers.set("X-Ipfs-Roots", roots);
    response.headers.set("Accept-Ranges", "none");
    return response;
}

asio::awaitable<http::Response> serve_content(ServingPtr serving, http::Request request) {
    const auto wanted = read_content_request(request);
    if (!wanted) co_return wanted.error();
    const auto root = parse_cid(request.path_value("cid"));
    if (!root) co_return http::problem(400, root.error());
    if (wanted->format == ContentFormat::kRaw) co_return serve_block(serving->store, request, *root);
    auto resolve = [&] { return resolve_path(serving->store, *root, wanted->path); };
    auto path = co_await compute::run_blocking(serving->pool, std::move(resolve));
    if (!path) co_return no_such_path(request, path.error());
    co_return car_response(*serving, request, *root, *wanted, std::move(*path));
}

asio::awaitable<http::Response> serve_name(ServingPtr serving, http::Request request) {
    co_return serve_ipns_record(serving->store, request);
}

}  // namespace

void add_content_routes(http::Router& router,
                        const BlockStore& store,
                        asio::thread_pool& pool,
                        ReadPermission may_read) {
    ASSAY_ASSERT(may_read != nullptr);
    auto serving = std::make_shared<const Serving>(store, pool, std::move(may_read));
    const auto guarded = [serving](auto serve) {
        return [serving, serve](http::Request request) -> asio::awaitable<http::Response> {
            if (!serving->may_read(request.peer)) {
                co_return http::problem(403, Refusal::kPeerUnknown,
                                        "content goes to members, enrolled devices and those on "
                                        "the allow-list");
            }
            co_return co_await serve(serving, std::move(request));
        };
    };
    router.get("/ipfs/{cid}", guarded(serve_content));
    router.get("/ipfs/{cid}/{path...}", guarded(serve_content));
    router.get("/ipns/{name}", guarded(serve_name));
}

}  // namespace assay::ipfs
