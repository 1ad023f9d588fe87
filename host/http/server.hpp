// An HTTP/1.1 server (RFC 9112), plain or under TLS. One coroutine per connection; an idle
// connection holds no buffers.
//
// Everything runs on the executor, which must not run two handlers at once (an io_context run by
// one thread, or a strand); start() and stop() are called there, too. What goes wrong before a
// handler is reached is answered with problem+json: 400, 408, 413, 431, 501, 503 or 505.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/http/message.hpp"
#include "host/http/tls.hpp"

namespace assay::http {

struct ServerOptions {
    ServerOptions() = default;

    std::string listen = "127.0.0.1:0";     // address and port; "[::1]:80"; port 0: any free one
    std::shared_ptr<const TlsContext> tls;  // null: plain
    // Does the arithmetic of handshakes, so that who asks for many delays nobody who is connected;
    // null: the executor does. Outlives the server.
    boost::asio::thread_pool* handshake_pool = nullptr;
    // One more replaces one that has not said anything yet (newcomers.hpp); if there is none, it is
    // answered 503 (plain) or closed (TLS).
    std::size_t connections_max = 1024;
    // One more of a client key closes the oldest of that key, whose line may have broken; 0: any number.
    std::size_t connections_of_key_max = 0;

    std::chrono::milliseconds handshake_timeout{5'000};
    std::chrono::milliseconds idle_timeout{75'000};    // between requests
    std::chrono::milliseconds header_timeout{10'000};  // from the first byte to the end of the head
    std::chrono::milliseconds body_timeout{60'000};    // for the whole request body
    std::chrono::milliseconds write_timeout{60'000};   // for each piece of a response

    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1024 * 1024;
};

class Server {
  public:
    // Binds, so that port() is known, and does not yet accept. An exception that leaves the handler
    // is answered 500 with the word internal-error.
    [[nodiscard]] static Result<std::unique_ptr<Server>> listen(
        boost::asio::any_io_executor executor, const ServerOptions& options, Handler handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    // Closes everything at once.
    ~Server();

    void start();
    // Accepts no more, closes idle connections, lets running requests finish for at most `grace`,
    // then closes the rest. Returns when the last handler has, so that what handlers use may go.
    [[nodiscard]] boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

    [[nodiscard]] std::uint16_t port() const noexcept;
    // "127.0.0.1:4711"
    [[nodiscard]] std::string address() const;
    [[nodiscard]] std::size_t connections() const noexcept;

  private:
    struct Impl;
    explicit Server(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // shared with the connections' coroutines
};

}  // namespace assay::http
