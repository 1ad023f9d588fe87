// One request of the Client and its response: internal to host/http.

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "host/http/client.hpp"
#include "host/http/stream.hpp"
#include "host/http/url.hpp"

namespace assay::http {

struct Connection {
    explicit Connection(Stream connected) : stream{std::move(connected)}, deadline{stream} {}
    Stream stream;
    Deadline deadline;
};
using ConnectionPtr = std::unique_ptr<Connection>;

// Start line and fields of a request, with the empty line behind them. Fails with
// std::errc::invalid_argument if a part would break out of its line.
[[nodiscard]] Result<std::string> encode_request_head(const ClientRequest& request, const Url& url);

// One request and its response on one connection.
class Exchange {
  public:
    Exchange(Connection& connection, const ClientRequest& request, const BodySink* sink)
        : connection_{connection}, request_{request}, sink_{sink} {}

    boost::asio::awaitable<Result<Response>> run(const std::string& head,
                                                 std::chrono::steady_clock::time_point end);

    // Nothing came back: the server may have closed the connection before it saw the request.
    [[nodiscard]] bool unanswered() const noexcept { return !answered_; }
    [[nodiscard]] bool reusable() const noexcept { return reusable_; }

  private:
    boost::asio::awaitable<Result<void>> send(const std::string& head);
    boost::asio::awaitable<Result<Response>> receive();
    Result<void> take_body(class ResponseParser& parser, Response& response);
    void arm();
    Error explain(Error error) const;

    Connection& connection_;
    const ClientRequest& request_;
    const BodySink* sink_;
    std::chrono::steady_clock::time_point end_;
    bool sent_ = false;
    bool answered_ = false;
    bool reusable_ = false;
};

}  // namespace assay::http
