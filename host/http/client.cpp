#include "host/http/client.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/http/parser.hpp"
#include "host/http/stream.hpp"
#include "host/http/timeout.hpp"
#include "host/http/url.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kErrorBodyBytesMax = 64 * 1024;
constexpr std::size_t kIdlePerServerMax = 8;

struct Connection {
    explicit Connection(Stream connected) : stream{std::move(connected)}, deadline{stream} {}
    Stream stream;
    Deadline deadline;
};
using ConnectionPtr = std::unique_ptr<Connection>;

// RFC 9110, section 9.2.2: these may be sent again if the connection dies without an answer.
bool is_idempotent(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 5> kMethods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool is_line_safe(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

Result<std::string> encode_head(const ClientRequest& request, const Url& url) {
    std::string head = request.method + " " + url.target + " HTTP/1.1\r\n";
    head += "Host: " + url.authority() + "\r\n";
    for (const auto& [name, value] : request.headers.fields()) {
        if (name.empty() || !is_line_safe(name) || !is_line_safe(value)) {
            return fail(std::errc::invalid_argument,
                        "field '" + name + "' has a control character");
        }
        head += name + ": " + value + "\r\n";
    }
    const bool has_body = request.method != "GET" && request.method != "HEAD";
    if (has_body || !request.body.empty()) {
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return head + "\r\n";
}

// One request and its response on one connection.
class Exchange {
  public:
    Exchange(Connection& connection, const ClientRequest& request, const BodySink* sink)
        : connection_{connection}, request_{request}, sink_{sink} {
        limits_.header_bytes_max = request.header_bytes_max;
        limits_.body_bytes_max = request.body_bytes_max;
    }

    asio::awaitable<Result<Response>> run(const std::string& head, Clock::time_point end);

    // Nothing came back: the server may have closed the connection before it saw the request.
    [[nodiscard]] bool unanswered() const noexcept { return !answered_; }
    [[nodiscard]] bool reusable() const noexcept { return reusable_; }

  private:
    asio::awaitable<Result<void>> send(const std::string& head);
    asio::awaitable<Result<Response>> receive();
    Result<void> take_body(ResponseParser& parser, Response& response);
    void arm();
    Error explain(Error error) const;

    Connection& connection_;
    const ClientRequest& request_;
    const BodySink* sink_;
    ParserLimits limits_;
    Clock::time_point end_;
    bool sent_ = false;
    bool answered_ = false;
    bool reusable_ = false;
};

void Exchange::arm() {
    const Clock::duration left = end_ - Clock::now();
    connection_.deadline.expires_after(std::min<Clock::duration>(request_.idle_timeout, left));
}

Error Exchange::explain(Error error) const {
    if (!connection_.deadline.expired()) return error;
    const bool over = Clock::now() >= end_;
    return {std::make_error_code(std::errc::timed_out),
            over ? "the transfer took too long" : "the server is silent"};
}

asio::awaitable<Result<Response>> Exchange::run(const std::string& head, Clock::time_point end) {
    end_ = end;
    const Result<void> sent = co_await send(head);
    sent_ = sent.has_value() && sent_;
    // A server may refuse a body before it has read it all; its answer says more than our error.
    Result<Response> response = co_await receive();
    connection_.deadline.disarm();
    if (!response && !answered_ && !sent) co_return fail(explain(sent.error()));
    co_return response;
}

asio::awaitable<Result<void>> Exchange::send(const std::string& head) {
    arm();
    const Result<void> head_sent = co_await connection_.stream.write_all(as_bytes(head));
    if (!head_sent) co_return head_sent;
    ByteView rest(request_.body);
    while (!rest.empty()) {
        if (rest.size() < request_.body.size() && !connection_.stream.is_quiet()) {
            co_return Result<void>{};
        }
        const ByteView piece = rest.first(std::min(rest.size(), kPieceBytes));
        arm();
        const Result<void> sent = co_await connection_.stream.write_all(piece);
        if (!sent) co_return sent;
        rest = rest.subspan(piece.size());
    }
    sent_ = true;
    co_return Result<void>{};
}

asio::awaitable<Result<Response>> Exchange::receive() {
    const bool head_only = request_.method == "HEAD";
    ResponseParser parser(limits_, head_only);
    std::optional<Response> response;
    Bytes buffer(kPieceBytes);
    while (!response || !parser.done()) {
        arm();
        const Result<std::size_t> count = co_await connection_.stream.read_some(buffer);
        if (!count) co_return fail(explain(count.error()));
        if (*count == 0 && !answered_) {
            co_return fail(std::errc::connection_reset, "the server closed without an answer");
        }
        answered_ = true;
        Result<void> fed =
            *count == 0 ? parser.feed_end() : parser.feed(ByteView(buffer).first(*count));
        while (fed && !response && parser.has_head()) {
            response = parser.take_head();
            if (response->status >= 200) break;
            if (response->status == 101) {
                co_return fail(Refusal::kMalformed, "the server switched protocols unasked");
            }
            // An interim response: the real one follows.
            response.reset();
            const Bytes rest = parser.take_rest();
            parser = ResponseParser(limits_, head_only);
            fed = parser.feed(rest);
        }
        if (fed && response) fed = take_body(parser, *response);
        if (!fed) co_return fail(fed.error());
    }
    reusable_ = sent_ && parser.keep_alive() && parser.take_rest().empty();
    co_return std::move(*response);
}

Result<void> Exchange::take_body(ResponseParser& parser, Response& response) {
    const Bytes piece = parser.take_body();
    if (piece.empty()) return {};
    if (sink_ != nullptr && response.ok()) return (*sink_)(piece);
    if (sink_ != nullptr && response.body.size() + piece.size() > kErrorBodyBytesMax) {
        return fail(Refusal::kLimitExceeded,
                    "status " + std::to_string(response.status) + " with a body too long to show");
    }
    append(response.body, piece);
    return {};
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
    const Result<std::string> head = encode_head(request, *url);
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
