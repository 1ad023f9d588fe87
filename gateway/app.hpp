// The daemon of one member, put together: `assay run`. app.cpp is the composition root; it names
// every part in the order in which it is built. One thread runs all sockets and ledgers, a pool
// hashes and reads disks.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/config.hpp"
#include "gateway/content_care.hpp"
#include "gateway/content_listeners.hpp"
#include "gateway/gateway_role.hpp"
#include "gateway/ledger_nodes.hpp"
#include "gateway/member_folder.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/release/status_issuer.hpp"
#include "host/base/file.hpp"
#include "host/ipfs/block_store.hpp"
#include "ledger/net/peer_listener.hpp"

namespace assay::gateway {

class App {
  public:
    // Reads the configuration, takes the lock, opens everything. Fails with
    // std::errc::resource_unavailable_try_again if another daemon runs in the folder.
    [[nodiscard]] static Result<std::unique_ptr<App>> create(const MemberFolder& folder);
    App(const App&) = delete;
    App& operator=(const App&) = delete;
    ~App();

    // Serves until stop(), SIGTERM or SIGINT, then closes everything in good order.
    [[nodiscard]] Result<void> run();
    // May be called from any thread and from a signal handler of Asio.
    void stop();

  private:
    explicit App(const MemberFolder& folder) : folder_{folder} {}

    [[nodiscard]] Result<void> build();
    [[nodiscard]] Result<void> build_peer_listener();
    [[nodiscard]] Result<void> build_content_listeners();
    [[nodiscard]] Result<void> build_content_care();
    [[nodiscard]] std::vector<ipfs::Cid> images_in_use();
    [[nodiscard]] Result<void> build_operator_server();
    [[nodiscard]] Result<void> announce();
    [[nodiscard]] boost::asio::awaitable<void> shut_down();

    // In the order of building: each part may use those above it, and ends before they do.
    MemberFolder folder_;
    Config config_;
    SystemClock clock_;
    std::optional<FileLock> lock_;
    RefusalLog refusals_;
    boost::asio::io_context io_{1};
    boost::asio::thread_pool pool_{2};
    std::optional<compute::Engines> engines_;
    ChosenEngines chosen_;
    std::optional<ipfs::BlockStore> content_;
    std::unique_ptr<ledger::Node> consortium_;
    std::optional<StatusIssuer> statuses_;
    std::unique_ptr<GatewayRole> gateway_;  // null: not a gateway
    std::unique_ptr<ledger::PeerListener> peers_;
    std::optional<OperatorToken> token_;
    std::unique_ptr<ContentListeners> content_listeners_;
    std::unique_ptr<ContentCare> content_care_;
    http::Router operator_routes_;
    std::unique_ptr<http::Server> operator_server_;
    bool ready_ = false;
    bool stopping_ = false;
};

}  // namespace assay::gateway
