// What a Kubo node's RPC answers to block/get, dag/import and pin/add, from a block store, on a thread of
// its own: for tests of who asks Kubo. Real Kubo is asked by `scripts/test --peers`.

#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "host/http/router.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/dag_visit.hpp"

namespace assay::test {

class KuboStandIn {
  public:
    explicit KuboStandIn(const std::filesystem::path& store)
        : store_{ipfs::BlockStore::open(store).value()} {
        add("block/get", &KuboStandIn::block_get);
        add("dag/import", &KuboStandIn::dag_import);
        add("pin/add", &KuboStandIn::pin_add);
        http::ServerOptions options;
        options.body_bytes_max = std::size_t{20} << 20;
        server_ = http::Server::listen(io_.get_executor(), options, std::cref(router_)).value();
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
    [[nodiscard]] ipfs::BlockStore& store() { return store_; }
    // Every command fails from now on.
    void break_down() { broken_ = true; }
    // How often a command was called: "block/get".
    [[nodiscard]] int calls(const std::string& command) const {
        const std::lock_guard lock(mutex_);
        const auto found = calls_.find("/api/v0/" + command);
        return found == calls_.end() ? 0 : found->second;
    }

  private:
    using Command = http::Response (KuboStandIn::*)(const http::Request&);

    void add(const std::string& name, Command command) {
        router_.post("/api/v0/" + name, [this, command](http::Request request) {
            return answer(std::move(request), command);
        });
    }

    boost::asio::awaitable<http::Response> answer(http::Request request, Command command) {
        {
            const std::lock_guard lock(mutex_);
            ++calls_[request.path];
        }
        if (broken_) co_return error("the datastore is broken");
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

    // The body is one file of a multipart form (RFC 7578).
    http::Response dag_import(const http::Request& request) {
        const std::string_view type = request.header("Content-Type").value_or("");
        constexpr std::string_view kType = "multipart/form-data; boundary=";
        if (!type.starts_with(kType)) return error("file argument 'path' is required");
        const std::string_view body = as_text(request.body);
        const std::size_t start = body.find("\r\n\r\n") + 4;
        const std::string end = "\r\n--" + std::string(type.substr(kType.size())) + "--\r\n";
        if (start < 4 || !body.ends_with(end)) return error("multipart: NextPart: EOF");
        ipfs::CarReader reader;
        reader.feed(as_bytes(body.substr(start, body.size() - end.size() - start)));
        for (;;) {
            const auto block = reader.next();
            if (!block) return error("import failed: " + block.error().to_string());
            if (!*block) break;
            const auto cid = (*block)->cid().value();
            if (!ipfs::is_block_of(cid, (*block)->bytes)) return error("mismatch in content integrity");
            if (!store_.put(cid, (*block)->bytes)) return error("put");
        }
        if (!reader.finish()) return error("import failed: unexpected EOF");
        return http::Response(200, "application/json", "");
    }

    http::Response pin_add(const http::Request& request) {
        const auto cid = ipfs::parse_cid(request.query_value("arg").value_or(""));
        if (!cid) return error("invalid path");
        std::unordered_set<ipfs::Cid> seen;
        const auto present = [this](const ipfs::Cid& block, ByteView) -> Result<void> {
            if (store_.has(block)) return {};
            return fail(std::errc::no_such_file_or_directory, "block " + block.to_string());
        };
        if (const auto whole = ipfs::visit_dag(store_, *cid, seen, {present}); !whole) {
            return error("pin: block was not found locally (offline): ipld: could not find it");
        }
        if (!store_.pin(*cid)) return error("pin");
        return http::Response(200, "application/json", R"({"Pins":[")" + cid->to_string() + R"("]})");
    }

    mutable std::mutex mutex_;
    std::atomic<bool> broken_ = false;
    std::map<std::string, int> calls_;  // by path
    ipfs::BlockStore store_;
    boost::asio::io_context io_{1};
    http::Router router_;
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
};

}  // namespace assay::test
