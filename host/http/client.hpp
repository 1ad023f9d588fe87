// An HTTP/1.1 client: keep-alive connections, plain or under TLS, and bodies with a bound. Used by
// the trustless content client, the command line and the device agent.
//
// A response of any status is a success; an Error means that there was none. Errors:
// std::errc::timed_out, the connection's own, Refusal::kMalformed or kLimitExceeded for what the
// server sent, and the TLS errors of tls.hpp. Redirects are not followed. A request may be sent a
// second time if a kept connection dies without an answer, but never a POST or PATCH.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "host/http/message.hpp"
#include "host/http/tls.hpp"

namespace assay::http {

struct ClientRequest {
    ClientRequest() = default;
    ClientRequest(std::string request_method, std::string request_url)
        : method{std::move(request_method)}, url{std::move(request_url)} {}

    std::string method = "GET";
    std::string url;  // http:// or https://
    Headers headers;  // Host, Content-Length and Connection are set by the client
    Bytes body;
    // A longer response body is refused: at once if it is announced, else when it is exceeded.
    std::uint64_t body_bytes_max = 2 * 1024 * 1024;
    std::size_t header_bytes_max = 16 * 1024;
    std::chrono::milliseconds connect_timeout{5'000};  // name, TCP and TLS
    std::chrono::milliseconds idle_timeout{30'000};    // without a byte sent or received
    std::chrono::milliseconds total_timeout{600'000};
};

// Takes the next piece of a response body; an error ends the transfer with that error.
using BodySink = std::function<Result<void>(ByteView)>;

// Keeps idle connections for reuse; on the given executor only. Several requests may run at once,
// each on a connection of its own. The client must outlive its requests.
class Client {
  public:
    // `tls` is needed for https URLs.
    explicit Client(boost::asio::any_io_executor executor,
                    std::shared_ptr<const TlsContext> tls = nullptr);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    [[nodiscard]] boost::asio::awaitable<Result<Response>> request(ClientRequest request);

    // Hands the body of a 2xx response to `sink` piece by piece instead of keeping it; other bodies
    // are in the response as usual, up to 64 KiB.
    [[nodiscard]] boost::asio::awaitable<Result<Response>> download(ClientRequest request,
                                                                    BodySink sink);

    void close_idle() noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The same for programs without an event loop. Keeps connections between calls; one thread at a
// time.
class BlockingClient {
  public:
    explicit BlockingClient(std::shared_ptr<const TlsContext> tls = nullptr);
    BlockingClient(const BlockingClient&) = delete;
    BlockingClient& operator=(const BlockingClient&) = delete;
    ~BlockingClient();

    [[nodiscard]] Result<Response> request(ClientRequest request);
    [[nodiscard]] Result<Response> download(ClientRequest request, BodySink sink);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// One request on a connection of its own.
[[nodiscard]] Result<Response> request_blocking(ClientRequest request,
                                                std::shared_ptr<const TlsContext> tls = nullptr);

}  // namespace assay::http
