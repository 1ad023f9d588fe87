// The cheapest HTTPS client that does what a device must, so that a fleet on the gateway's own machine
// measures the gateway: one connection, requests written as bytes, bodies handed on as they come. One
// request at a time.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "host/http/stream.hpp"

namespace assay::fleet {

// "POST /path HTTP/1.1..." with its body.
[[nodiscard]] Bytes make_request(std::string_view method, std::string_view target, ByteView body = {});

struct RawAnswer {
    unsigned status = 0;
    Bytes body;               // empty if a sink took it
    std::uint64_t bytes = 0;  // of the body
};

class RawConnection {
  public:
    RawConnection(boost::asio::any_io_executor executor,
                  boost::asio::ip::tcp::endpoint server,
                  std::shared_ptr<const http::TlsContext> tls);

    // TCP and TLS. Must have succeeded before the first exchange.
    [[nodiscard]] boost::asio::awaitable<Result<void>> open();
    [[nodiscard]] bool is_open() const noexcept { return stream_ != nullptr; }
    // As a cable that is pulled.
    void cut() noexcept {
        deadline_.reset();
        stream_.reset();
    }

    using Sink = std::function<void(ByteView)>;
    // On failure the connection is cut.
    [[nodiscard]] boost::asio::awaitable<Result<RawAnswer>> exchange(ByteView request, Sink sink = Sink());
    // Bytes that need not be a whole request.
    [[nodiscard]] boost::asio::awaitable<Result<void>> send(ByteView bytes);

  private:
    [[nodiscard]] boost::asio::awaitable<Result<RawAnswer>> read_answer(const Sink& sink);

    boost::asio::any_io_executor executor_;
    boost::asio::ip::tcp::endpoint server_;
    std::shared_ptr<const http::TlsContext> tls_;
    std::unique_ptr<http::Stream> stream_;
    std::unique_ptr<http::Deadline> deadline_;  // of stream_
};

}  // namespace assay::fleet
