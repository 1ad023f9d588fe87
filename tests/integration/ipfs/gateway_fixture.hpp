// Trustless gateways on loopback, honest and not, and what a retriever needs to fetch from them, in
// one event loop. A test reads as: publish, gateways, fetch, look.

#pragma once

#include <map>
#include <memory>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/content_server.hpp"
#include "host/ipfs/importer.hpp"
#include "host/ipfs/retriever.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs::test {

inline bool anybody(const http::PeerIdentity*) { return true; }

// A server whose answers can be replaced one by one; remembers what it was asked for.
class Gateway {
  public:
    // Nothing: answer honestly.
    using Trick = std::function<std::optional<http::Response>(const http::Request&)>;

    Gateway(boost::asio::io_context& io, const BlockStore& store, Trick trick = {})
        : trick_{std::move(trick)} {
        add_content_routes(router_, store, pool_, anybody);
        auto answer = [this](http::Request request) { return handle(std::move(request)); };
        server_ = http::Server::listen(io.get_executor(), http::ServerOptions(), std::move(answer))
                      .value();
        server_->start();
    }

    [[nodiscard]] Source source() const { return Source("http://" + server_->address()); }
    [[nodiscard]] int requests() const {
        int all = 0;
        for (const auto& [path, count] : asked) all += count;
        return all;
    }

    std::map<std::string, int> asked;  // by path

  private:
    boost::asio::awaitable<http::Response> handle(http::Request request) {
        ++asked[request.path];
        if (trick_) {
            if (auto response = trick_(request)) co_return std::move(*response);
        }
        co_return co_await router_(std::move(request));
    }

    Trick trick_;
    boost::asio::thread_pool pool_{1};
    http::Router router_;
    std::unique_ptr<http::Server> server_;
};

class GatewayTest : public ::testing::Test {
  protected:
    ~GatewayTest() override { pool_.join(); }

    ImportResult publish(ByteView content, const ImportProfile& profile) {
        const auto path = folder_ / "image";
        EXPECT_TRUE(write_file_durable(path, content));
        auto result = import_file(path, profile, engine_, origin_);
        EXPECT_TRUE(result) << result.error().to_string();
        return std::move(*result);
    }

    Result<RetrievedImage> fetch(RetrieveRequest request) {
        request.on_refusal = [this](const Source& source, const Error& error) {
            refusals_.emplace_back(source.url, error);
        };
        Retriever retriever(io_.get_executor(), client_, store_, engine_, pool_);
        std::optional<Result<RetrievedImage>> outcome;
        boost::asio::co_spawn(io_, retriever.fetch(std::move(request)),
                              [&](std::exception_ptr, Result<RetrievedImage> image) {
                                  outcome.emplace(std::move(image));
                                  io_.stop();
                              });
        io_.restart();
        io_.run();
        return std::move(*outcome);
    }

    Result<RetrievedImage> fetch(const ImportResult& image,
                                 std::uint64_t chunk_bytes,
                                 std::vector<Source> sources) {
        return fetch(RetrieveRequest(image.cid, image.bytes, chunk_bytes, std::move(sources)));
    }

    Bytes read_all(const RetrievedImage& image) {
        Bytes content(image.bytes);
        const auto read = ImageReader(store_, image).read_at(0, content);
        EXPECT_TRUE(read) << read.error().to_string();
        return content;
    }

    assay::test::TempDir folder_;
    BlockStore origin_{BlockStore::open(folder_ / "origin").value()};
    BlockStore store_{BlockStore::open(folder_ / "store").value()};
    compute::CpuEngine engine_{*compute::usable_backends().front()};
    boost::asio::thread_pool pool_{1};
    boost::asio::io_context io_;
    http::Client client_{io_.get_executor()};
    std::vector<std::pair<std::string, Error>> refusals_;
};

}  // namespace assay::ipfs::test
