// The retriever and the content server alone in a process, for tests and benchmarks that kill one,
// measure one, or put foreign peers on the other side:
//
//     content_peer serve STORE                       prints READY and its URL; until it is killed
//     content_peer fetch STORE CID BYTES CHUNK_BYTES [router=URL]... SOURCE...
//                                                    prints one JSON object
//     content_peer cids                              a CID for each line "bytes chunk width version"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/assert.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/content_server.hpp"
#include "host/ipfs/retriever.hpp"
#include "tests/unit/host/ipfs/small_image.hpp"

namespace assay::ipfs {
namespace {

int serve(const char* folder) {
    const BlockStore store = BlockStore::open(folder).value();
    boost::asio::io_context io(1);
    boost::asio::thread_pool pool(1);
    http::Router router;
    add_content_routes(router, store, pool, [](const http::PeerIdentity*) { return true; });
    auto answer = [&router](http::Request request) { return router(std::move(request)); };
    auto server = http::Server::listen(io.get_executor(), http::ServerOptions(), answer).value();
    server->start();
    std::printf("READY http://%s\n", server->address().c_str());
    std::fflush(stdout);
    io.run();
    return 0;
}

int fetch(int argc, char** argv) {
    BlockStore store = BlockStore::open(argv[2]).value();
    RetrieveRequest request(parse_cid(argv[3]).value(), std::strtoull(argv[4], nullptr, 10),
                            std::strtoull(argv[5], nullptr, 10), {});
    constexpr std::string_view kRouter = "router=";
    for (int i = 6; i < argc; ++i) {
        const std::string_view text = argv[i];
        if (text.starts_with(kRouter)) {
            request.routers.emplace_back(text.substr(kRouter.size()));
        } else {
            request.sources.push_back(parse_source(text).value());
        }
    }
    request.on_refusal = [](const Source& source, const Error& error) {
        std::fprintf(stderr, "refused %s: %s\n", source.url.c_str(), error.to_string().c_str());
    };
    compute::CpuEngine engine(*compute::usable_backends().front());
    boost::asio::thread_pool pool(2);
    boost::asio::io_context io(1);
    http::Client client(io.get_executor());
    Retriever retriever(io.get_executor(), client, store, engine, pool);
    std::optional<Result<RetrievedImage>> outcome;
    const auto start = std::chrono::steady_clock::now();
    boost::asio::co_spawn(io, retriever.fetch(std::move(request)),
                          [&](const std::exception_ptr&, Result<RetrievedImage> image) {
                              outcome.emplace(std::move(image));
                              io.stop();
                          });
    io.run();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    pool.join();
    if (!*outcome) {
        std::fprintf(stderr, "%s\n", outcome->error().to_string().c_str());
        return 1;
    }
    std::printf("{\"bytes\": %llu, \"seconds\": %.6f}\n",
                static_cast<unsigned long long>((*outcome)->bytes), taken.count());
    return 0;
}

// The content is that of the JavaScript importer on the other side, importer-oracle.mjs.
int name_cases() {
    std::size_t bytes = 0;
    std::size_t chunk = 0;
    std::uint32_t width = 0;
    int version = 0;
    while (std::cin >> bytes >> chunk >> width >> version) {
        Bytes content(bytes);
        for (std::size_t i = 0; i < bytes; ++i) {
            content[i] = static_cast<std::byte>(i * 31 + (i >> 8));
        }
        const LeafFormat leaves = version == 0 ? LeafFormat::kDagPb : LeafFormat::kRaw;
        const test::SmallImage image(content, chunk, width, leaves);
        std::printf("%s\n", image.root.cid.to_string().c_str());
    }
    return 0;
}

}  // namespace
}  // namespace assay::ipfs

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "serve" && argc == 3) return assay::ipfs::serve(argv[2]);
    if (what == "fetch" && argc >= 6) return assay::ipfs::fetch(argc, argv);
    if (what == "cids" && argc == 2) return assay::ipfs::name_cases();
    std::fprintf(stderr, "usage: content_peer serve|fetch|cids ...\n");
    return 2;
}
