// What a Kubo node's RPC answers to block/get, from a block store, on a thread of its own: for tests of
// who asks Kubo. Real Kubo is asked by `scripts/test --peers`.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "host/http/router.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::test {

class KuboStandIn {
  public:
    explicit KuboStandIn(const std::filesystem::path& store)
        : store_{ipfs::BlockStore::open(store).value()} {
        router_.post("/api/v0/block/get", [this](http::Request request) {
            return answer(std::move(request), &KuboStandIn::block_get);
        });
        server_ = http::Server::listen(io_.get_executor(), http::ServerOptions(), std::cref(router_))
                      .value();
        server_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    KuboStandIn(const KuboStandIn&) = delete;
    KuboStandIn& operator=(const KuboStandIn&) = delete;
    ~KuboStandIn() {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::string url() const { return "http://" + server_->address(); }
    // How often a command was called: "block/get".
    [[nodiscard]] int calls(const std::string& command) const {
        const std::lock_guard lock(mutex_);
        const auto found = calls_.find("/api/v0/" + command);
        return found == calls_.end() ? 0 : found->second;
    }

  private:
    using Command = http::Response (KuboStandIn::*)(const http::Request&);

    boost::asio::awaitable<http::Response> answer(http::Request request, Command command) {
        {
            const std::lock_guard lock(mutex_);
            ++calls_[request.path];
        }
        co_return (this->*command)(request);
    }

    static http::Response error(const std::string& message) {
        return http::Response(500, "application/json",
                              R"({"Message":")" + message + R"(","Code":0,"Type":"error"})");
    }

    http::Response block_get(const http::Request& request) {
        const auto cid = ipfs::parse_cid(request.query_value("arg").value_or(""));
        if (!cid) return error("invalid path");
        auto block = store_.get(*cid);
        if (!block) return error("block was not found locally (offline): ipld: could not find it");
        return http::Response(200, "text/plain", std::move(*block));
    }

    mutable std::mutex mutex_;
    std::map<std::string, int> calls_;  // by path
    ipfs::BlockStore store_;
    boost::asio::io_context io_{1};
    http::Router router_;
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
};

}  // namespace assay::test
