#include "host/http/client.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "host/http/as_tuple.hpp"
#include "host/http/exchange.hpp"
#include "host/http/timeout.hpp"
#include "host/http/url.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kIdlePerServerMax = 8;

// RFC 9110, section 9.2.2: these may be sent again if the connection dies without an answer.
bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

asio::awaitable<Result<ConnectionPtr>> connect(asio::any_io_executor executor,
                                               const Url& url,
                                               std::shared_ptr<const TlsContext> tls) {
    // Name resolution needs a thread; a literal address does not.
    error_code code;
    const auto address = asio::ip::make_address(url.host, code);
    const bool literal = !code;
    tcp::socket socket(executor);
    if (literal) {
        auto [connected] =
            co_await socket.async_connect(tcp::endpoint(address, url.port), kAsTuple);
        code = connected;
    } else {
        tcp::resolver resolver(executor);
        auto [resolved, endpoints] =
            co_await resolver.async_resolve(url.host, std::to_string(url.port), kAsTuple);
        if (resolved) co_return fail(std::error_code(resolved), "resolve " + url.host);
        auto [connected, endpoint] = co_await asio::async_connect(socket, endpoints, kAsTuple);
        code = connected;
    }
    if (code) co_return fail(std::error_code(code), "connect to " + url.authority());

    const std::string_view announced = literal ? std::string_view{} : url.host;
    auto connection = std::make_unique<Connection>(
        Stream(std::move(socket), url.tls ? std::move(tls) : nullptr, announced));
    const Result<void> secured = co_await connection->stream.handshake();
    if (!secured) co_return fail(secured.error());
    co_return connection;
}

}  // namespace

struct Client::Impl {
    Impl(asio::any_io_executor io, std::shared_ptr<const TlsContext> tls_context)
        : executor{std::move(io)}, tls{std::move(tls_context)} {}

    asio::awaitable<Result<Response>> run(const ClientRequest& request, const BodySink* sink);
    asio::awaitable<Result<Response>> attempt(const ClientRequest& request, const BodySink* sink);

    ConnectionPtr take_idle(const std::string& key);
    void keep(const std::string& key, ConnectionPtr connection);

    asio::any_io_executor executor;
    std::shared_ptr<const TlsContext> tls;
    std::map<std::string, std::vector<ConnectionPtr>> idle;  // by scheme, host and port
};

ConnectionPtr Client::Impl::take_idle(const std::string& key) {
    auto& connections = idle[key];
    while (!connections.empty()) {
        ConnectionPtr connection = std::move(connections.back());
        connections.pop_back();
        if (connection->stream.is_quiet()) return connection;
    }
    return nullptr;
}

void Client::Impl::keep(const std::string& key, ConnectionPtr connection) {
    auto& connections = idle[key];
    if (connections.size() < kIdlePerServerMax) connections.push_back(std::move(connection));
}

asio::awaitable<Result<Response>> Client::Impl::attempt(const ClientRequest& request,
                                                        const BodySink* sink) {
    const Result<Url> url = parse_url(request.url);
    if (!url) co_return fail(url.error());
    if (url->tls && !tls) {
        co_return fail(std::errc::invalid_argument, "https needs a certificate to trust");
    }
    const Result<std::string> head = encode_request_head(request, *url);
    if (!head) co_return fail(head.error());
    const Clock::time_point end = Clock::now() + request.total_timeout;
    const std::string key = (url->tls ? "https://" : "http://") + url->authority();

    ConnectionPtr connection = take_idle(key);
    while (true) {
        const bool reused = connection != nullptr;
        if (!reused) {
            Result<ConnectionPtr> fresh = co_await with_timeout(
                connect(executor, *url, tls), request.connect_timeout, "connect to " + key);
            if (!fresh) co_return fail(fresh.error());
            connection = std::move(*fresh);
        }
        Exchange exchange(*connection, request, sink);
        Result<Response> response = co_await exchange.run(*head, end);
        if (exchange.reusable()) keep(key, std::move(connection));
        if (response || !reused || !exchange.unanswered() || !is_idempotent(request.method)) {
            co_return response;
        }
        connection = nullptr;  // it had died while idle: once more on a fresh one
    }
}

asio::awaitable<Result<Response>> Client::Impl::run(const ClientRequest& request,
                                                    const BodySink* sink) {
    Result<Response> response = co_await attempt(request, sink);
    if (response) co_return response;
    co_return fail(std::move(response).error().within(request.method + " " + request.url));
}

Client::Client(asio::any_io_executor executor, std::shared_ptr<const TlsContext> tls)
    : impl_{std::make_unique<Impl>(std::move(executor), std::move(tls))} {}
Client::~Client() = default;

asio::awaitable<Result<Response>> Client::request(ClientRequest request) {
    co_return co_await impl_->run(request, nullptr);
}

asio::awaitable<Result<Response>> Client::download(ClientRequest request, BodySink sink) {
    co_return co_await impl_->run(request, &sink);
}

void Client::close_idle() noexcept { impl_->idle.clear(); }

struct BlockingClient::Impl {
    explicit Impl(std::shared_ptr<const TlsContext> tls)
        : client(io.get_executor(), std::move(tls)) {}

    Result<Response> run(asio::awaitable<Result<Response>> operation) {
        Result<Response> out = fail(std::errc::operation_canceled, "request");
        const auto finish = [&out](const std::exception_ptr& thrown, Result<Response> response) {
            if (!thrown) out = std::move(response);
        };
        asio::co_spawn(io, std::move(operation), finish);
        io.restart();
        io.run();
        return out;
    }

    asio::io_context io{1};
    Client client;  // after io, whose sockets it holds
};

BlockingClient::BlockingClient(std::shared_ptr<const TlsContext> tls)
    : impl_{std::make_unique<Impl>(std::move(tls))} {}
BlockingClient::~BlockingClient() = default;

Result<Response> BlockingClient::request(ClientRequest request) {
    return impl_->run(impl_->client.request(std::move(request)));
}

Result<Response> BlockingClient::download(ClientRequest request, BodySink sink) {
    return impl_->run(impl_->client.download(std::move(request), std::move(sink)));
}

Result<Response> request_blocking(ClientRequest request, std::shared_ptr<const TlsContext> tls) {
    BlockingClient client(std::move(tls));
    return client.request(std::move(request));
}

}  // namespace assay::http
