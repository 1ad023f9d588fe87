#include "ledger/net/peer_listener.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"
#include "host/http/timeout.hpp"
#include "ledger/net/dial_address.hpp"
#include "ledger/net/peer_manager.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kBreath{100};  // out of descriptors

}  // namespace

Result<std::unique_ptr<PeerListener>> PeerListener::listen(asio::any_io_executor executor,
                                                           std::string_view address,
                                                           const crypto::TlsIdentity& tls,
                                                           std::vector<PeerRoute> routes) {
    auto acceptor = listen_address(std::move(executor), address);
    if (!acceptor) return fail(std::move(acceptor).error());
    std::unique_ptr<PeerListener> listener(
        new PeerListener(std::move(*acceptor), std::move(routes)));

    http::TlsOptions options(http::TlsRole::kServer, tls.certificate_pem, tls.key_pem);
    for (const PeerRoute& route : listener->routes_) options.alpn.push_back(route.alpn);
    options.accept = [routes = listener->routes_](const http::PeerIdentity& peer) {
        return std::any_of(routes.begin(), routes.end(),
                           [&](const PeerRoute& route) { return route.knows(peer.spki_sha256); });
    };
    auto context = http::TlsContext::make(options);
    if (!context) return fail(std::move(context).error().within("TLS identity for peers"));
    listener->tls_ = std::move(*context);
    return listener;
}

PeerListener::PeerListener(tcp::acceptor acceptor, std::vector<PeerRoute> routes)
    : acceptor_{std::move(acceptor)},
      routes_{std::move(routes)},
      tasks_{acceptor_.get_executor()} {}

PeerListener::~PeerListener() = default;

void PeerListener::start() { tasks_.spawn(accept_all()); }

asio::awaitable<void> PeerListener::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    co_await tasks_.stop();
}

std::string PeerListener::address() const {
    boost::system::error_code code;
    const tcp::endpoint endpoint = acceptor_.local_endpoint(code);
    if (code) return {};
    const std::string ip = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + ip + "]" : ip) + ":" +
           std::to_string(endpoint.port());
}

asio::awaitable<void> PeerListener::accept_all() {
    asio::steady_timer timer(acceptor_.get_executor());
    for (;;) {
        auto [code, socket] = co_await acceptor_.async_accept(kAsTuple);
        if (!acceptor_.is_open()) co_return;
        if (code) {
            timer.expires_after(kBreath);
            co_await timer.async_wait(kAsTuple);
            continue;
        }
        if (newcomers_.size() >= kHandshakesMax) newcomers_.give_one_up();
        tasks_.spawn(welcome(std::move(socket)));
    }
}

asio::awaitable<void> PeerListener::welcome(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    http::Stream stream(std::move(socket), tls_);
    auto close = [&stream] { stream.close(); };
    http::Newcomers::Entry newcomer(newcomers_, http::origin_of(stream.remote_ip()), std::move(close));
    const auto done =
        co_await http::with_timeout(stream.handshake(), kHandshakeMax, "TLS handshake");
    newcomer.leave();
    if (!done) {
        ++refused_;
        last_refused_ = stream.remote_address() + ": " + done.error().to_string();
        co_return;
    }
    for (const PeerRoute& route : routes_) {
        if (route.alpn != stream.alpn()) continue;
        route.adopt(std::move(stream));
        co_return;
    }
    ++refused_;
    last_refused_ = stream.remote_address() + ": asks for no chain of ours";
}

}  // namespace assay::ledger
