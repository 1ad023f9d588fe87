// A server and its clients on one io_context, in one thread, over 127.0.0.1.

#pragma once

#include <string>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include "host/http/as_tuple.hpp"
#include "host/http/client.hpp"
#include "host/http/router.hpp"
#include "host/http/server.hpp"
#include "host/http/stream.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/tls_certificates.hpp"

namespace assay::http {

namespace asio = boost::asio;

inline std::shared_ptr<const TlsContext> make_context(const TlsOptions& options) {
    auto made = TlsContext::make(options);
    if (!made) throw std::runtime_error(made.error().to_string());
    return *made;
}

class HttpFixture : public testing::Test {
  protected:
    void serve(Handler handler) {
        auto made = Server::listen(io.get_executor(), options, std::move(handler));
        ASSERT_TRUE(made) << made.error().to_string();
        server = std::move(*made);
        server->start();
    }

    [[nodiscard]] std::string url(const std::string& path) const {
        return (options.tls ? "https://" : "http://") + server->address() + path;
    }

    template <typename T>
    T run(asio::awaitable<T> operation) {
        return test::run_awaitable(io, std::move(operation));
    }

    // Null if the server does not want us. `from` is an address of this machine.
    asio::awaitable<std::unique_ptr<Stream>> connect(std::string from = "127.0.0.1") {
        const asio::ip::tcp::endpoint own(asio::ip::make_address(from), 0);
        asio::ip::tcp::socket socket(io, own);
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), server->port());
        auto [code] = co_await socket.async_connect(endpoint, kAsTuple);
        if (code) co_return nullptr;
        co_return std::make_unique<Stream>(std::move(socket));
    }

    static asio::awaitable<std::string> read_until_end(Stream& stream) {
        std::string out;
        Bytes buffer(4096);
        for (;;) {
            const Result<std::size_t> count = co_await stream.read_some(buffer);
            if (!count || *count == 0) co_return out;
            out += as_text(ByteView(buffer).first(*count));
        }
    }

    // Sends `text` as it is; what comes back until the server closes.
    asio::awaitable<std::string> talk(std::string text) {
        const std::unique_ptr<Stream> stream = co_await connect();
        if (!stream) co_return "no connection";
        const Result<void> sent = co_await stream->write_all(as_bytes(text));
        if (!sent) co_return "not sent";
        co_return co_await read_until_end(*stream);
    }

    asio::io_context io{1};
    ServerOptions options;
    std::unique_ptr<Server> server;
};

// Echoes what arrived, so that tests see what the server saw.
inline asio::awaitable<Response> echo(Request request) {
    std::string text = request.method + " " + request.target + "\n";
    if (request.peer != nullptr) text += "peer " + request.peer->common_name + "\n";
    text += as_text(request.body);
    co_return Response(200, "text/plain", text);
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace assay::http
