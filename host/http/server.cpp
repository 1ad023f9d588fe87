#include "host/http/server.hpp"

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"
#include "host/http/session.hpp"
#include "host/http/url.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Connections above the limit that are told so; still more are closed without a word.
constexpr std::size_t kTurnedAwayMax = 16;
// How long to wait when the process has no file descriptor left for a connection.
constexpr std::chrono::milliseconds kAcceptPause{50};

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
    Impl(asio::any_io_executor executor, const ServerOptions& options, Handler handler)
        : acceptor(executor), quiet(executor) {
        context.options = options;
        context.handler = std::move(handler);
        context.on_session_end = [this] {
            if (context.sessions.empty()) quiet.cancel();
        };
    }

    Result<void> bind();
    static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
    void take(tcp::socket socket);
    void stop_accepting() noexcept;
    void close_sessions(bool idle_only) noexcept;

    SessionContext context;
    tcp::acceptor acceptor;
    asio::steady_timer quiet;  // cancelled when the last session ends
    tcp::endpoint bound;
};

Result<void> Server::Impl::bind() {
    const auto endpoint = parse_endpoint(context.options.listen);
    if (!endpoint) return fail(endpoint.error());
    error_code code;
    const auto address = asio::ip::make_address(endpoint->host, code);
    const auto step = [&](auto&& operation) {
        if (!code) operation();
    };
    const tcp::endpoint wanted(address, endpoint->port);
    step([&] { acceptor.open(wanted.protocol(), code); });
    step([&] { acceptor.set_option(asio::socket_base::reuse_address(true), code); });
    step([&] { acceptor.bind(wanted, code); });
    step([&] { acceptor.listen(asio::socket_base::max_listen_connections, code); });
    step([&] { bound = acceptor.local_endpoint(code); });
    if (code) return fail(std::error_code(code), "listen on " + context.options.listen);
    return {};
}

// Takes the server's parts by value: it may begin when the Server itself is gone already.
asio::awaitable<void> Server::Impl::accept(std::shared_ptr<Impl> self) {
    tcp::acceptor& acceptor = self->acceptor;
    while (acceptor.is_open()) {
        auto [code, socket] = co_await acceptor.async_accept(kAsTuple);
        if (!acceptor.is_open()) break;
        if (!code) {
            self->take(std::move(socket));
            continue;
        }
        asio::steady_timer pause(acceptor.get_executor(), kAcceptPause);
        co_await pause.async_wait(kAsTuple);
    }
}

namespace {

// The session lives in this coroutine; `keep` keeps the server's parts alive as long.
asio::awaitable<void> run_session(std::shared_ptr<void> /*keep*/,
                                  SessionContext& context,
                                  tcp::socket socket,
                                  bool turn_away) {
    Session session(context, Stream(std::move(socket), context.options.tls));
    if (turn_away) {
        co_await session.turn_away();
    } else {
        co_await session.run();
    }
}

}  // namespace

void Server::Impl::take(tcp::socket socket) {
    const std::size_t open = context.sessions.size() - context.leaving;
    const std::size_t most = context.options.connections_max;
    const bool turn_away = open >= most && !context.newcomers.give_one_up();
    if (turn_away && (context.options.tls || open >= most + kTurnedAwayMax)) return;
    asio::co_spawn(acceptor.get_executor(),
                   run_session(shared_from_this(), context, std::move(socket), turn_away),
                   asio::detached);
}

void Server::Impl::stop_accepting() noexcept {
    context.stopping = true;
    error_code ignored;
    acceptor.close(ignored);
}

void Server::Impl::close_sessions(bool idle_only) noexcept {
    for (Session* session : context.sessions) {
        if (!idle_only || session->is_idle()) session->close();
    }
}

Result<std::unique_ptr<Server>> Server::listen(asio::any_io_executor executor,
                                               const ServerOptions& options,
                                               Handler handler) {
    // Stream::write_file uses sendfile, which knows no MSG_NOSIGNAL: a client that hangs up is an
    // error of its connection, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    auto impl = std::make_shared<Impl>(std::move(executor), options, std::move(handler));
    if (auto bound = impl->bind(); !bound) return fail(bound.error());
    return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

Server::~Server() {
    impl_->stop_accepting();
    impl_->close_sessions(/*idle_only=*/false);
}

void Server::start() {
    asio::co_spawn(impl_->acceptor.get_executor(), Impl::accept(impl_), asio::detached);
}

asio::awaitable<void> Server::stop(std::chrono::milliseconds grace) {
    const auto impl = impl_;
    impl->stop_accepting();
    impl->close_sessions(/*idle_only=*/true);
    if (!impl->context.sessions.empty()) {
        impl->quiet.expires_after(grace);
        co_await impl->quiet.async_wait(kAsTuple);
    }
    impl->close_sessions(/*idle_only=*/false);
    while (!impl->context.sessions.empty()) {
        impl->quiet.expires_at(asio::steady_timer::time_point::max());
        co_await impl->quiet.async_wait(kAsTuple);
    }
}

std::uint16_t Server::port() const noexcept { return impl_->bound.port(); }

std::string Server::address() const {
    const std::string host = impl_->bound.address().to_string();
    const std::string number = ":" + std::to_string(impl_->bound.port());
    return impl_->bound.address().is_v6() ? "[" + host + "]" + number : host + number;
}

std::size_t Server::connections() const noexcept { return impl_->context.sessions.size(); }

}  // namespace assay::http
