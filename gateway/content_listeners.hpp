// The content listeners of a member: blocks over mutual TLS for members, enrolled devices and the
// allow-list, and, only if the configuration says so, over plain HTTP for anyone. Both answer
// delegated routing for what this member and those it fetches from have. Io thread only.

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/config.hpp"
#include "gateway/content_access.hpp"
#include "gateway/member_folder.hpp"
#include "host/http/client.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/delegated_routing.hpp"

namespace assay::gateway {

// All of it outlives the listeners.
struct ContentNeeds {
    boost::asio::any_io_executor executor;
    const MemberFolder& folder;
    const Config& config;
    const ledger::Chain& chain;
    DeviceRegistry* devices;  // null: this member is no gateway
    const ipfs::BlockStore& store;
    boost::asio::thread_pool& pool;
};

class ContentListeners {
  public:
    [[nodiscard]] static Result<std::unique_ptr<ContentListeners>> create(
        const ContentNeeds& needs);
    ContentListeners(const ContentListeners&) = delete;
    ContentListeners& operator=(const ContentListeners&) = delete;

    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

    [[nodiscard]] std::string address() const { return members_->address(); }
    // Empty if there is none.
    [[nodiscard]] std::string public_address() const { return anyone_ ? anyone_->address() : ""; }

  private:
    ContentListeners(const ContentNeeds& needs, std::shared_ptr<const http::TlsContext> client_tls);
    [[nodiscard]] Result<void> listen(const ContentNeeds& needs);
    void add_routes(http::Router& router, const ContentNeeds& needs, ipfs::ReadPermission may_read);
    // As delegated routing introduces it.
    [[nodiscard]] ipfs::Provider self() const;

    const Config& config_;
    const ledger::Chain& chain_;
    ContentAccess access_;
    http::Client client_;
    http::Router member_routes_, public_routes_;
    std::unique_ptr<http::Server> members_;
    std::unique_ptr<http::Server> anyone_;  // null: not configured
};

}  // namespace assay::gateway
