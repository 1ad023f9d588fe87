// The one TCP listener for peers of a member: accepts, does the TLS handshake, and hands each
// connection to the chain that the peer asked for by ALPN.
//
// On one executor, which must not run two handlers at once.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "host/base/result.hpp"
#include "host/crypto/certificate.hpp"
#include "host/http/newcomers.hpp"
#include "host/http/stream.hpp"
#include "host/http/tls.hpp"
#include "ledger/net/task_group.hpp"

namespace assay::ledger {

// At once; one more replaces the oldest of the address that has most (host/http/newcomers.hpp).
inline constexpr std::size_t kHandshakesMax = 64;

// One chain that is served here; Node::peer_route makes it.
struct PeerRoute {
    std::string alpn;
    std::function<bool(const Sha256Digest& spki)> knows;
    std::function<void(http::Stream)> adopt;
};

class PeerListener {
  public:
    // Binds "address:port" (port 0: any free one) and does not accept yet.
    [[nodiscard]] static Result<std::unique_ptr<PeerListener>> listen(
        boost::asio::any_io_executor executor,
        std::string_view address,
        const crypto::TlsIdentity& tls,
        std::vector<PeerRoute> routes);
    PeerListener(const PeerListener&) = delete;
    PeerListener& operator=(const PeerListener&) = delete;
    // Precondition: never started, or stop() has finished, or the executor runs nothing any more.
    ~PeerListener();

    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop();

    // "127.0.0.1:4711"
    [[nodiscard]] std::string address() const;

    // Connections whose handshake failed: strangers, other protocols, time-outs.
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
    [[nodiscard]] const std::string& last_refused() const noexcept { return last_refused_; }

  private:
    PeerListener(boost::asio::ip::tcp::acceptor acceptor, std::vector<PeerRoute> routes);
    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> welcome(boost::asio::ip::tcp::socket socket);

    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<PeerRoute> routes_;
    std::shared_ptr<const http::TlsContext> tls_;
    std::uint64_t refused_ = 0;
    std::string last_refused_;
    http::Newcomers newcomers_;
    TaskGroup tasks_;
};

}  // namespace assay::ledger
