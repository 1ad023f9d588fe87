#include "ledger/net/peer_listener.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "host/http/stream.hpp"
#include "ledger/net/dial_address.hpp"
#include "tests/support/run_awaitable.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;

crypto::TlsIdentity identity_of(const std::string& name) {
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256);
    return *crypto::make_self_signed(*key, name, 30);
}

asio::awaitable<Result<void>> shake_hands(std::string address,
                                          std::shared_ptr<const http::TlsContext> tls) {
    auto socket = co_await dial_address(co_await asio::this_coro::executor, std::move(address));
    if (!socket) co_return fail(std::move(socket).error());
    http::Stream stream(std::move(*socket), std::move(tls));
    co_return co_await stream.handshake();
}

// More silent connections than handshakes are allowed keep no peer out.
TEST(PeerListenerTest, GivesUpSilentConnectionsForANewOne) {
    asio::io_context io;
    unsigned adopted = 0;
    PeerRoute route;
    route.alpn = "assay-test";
    route.knows = [](const Sha256Digest&) { return true; };
    route.adopt = [&](http::Stream) { ++adopted; };
    auto listener = PeerListener::listen(io.get_executor(), "127.0.0.1:0", identity_of("b"), {route});
    ASSERT_TRUE(listener) << listener.error().to_string();
    (*listener)->start();

    const std::string address = (*listener)->address();
    const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), port);
    std::vector<asio::ip::tcp::socket> silent;
    for (std::size_t i = 0; i < 2 * kHandshakesMax; ++i) silent.emplace_back(io).connect(endpoint);
    const crypto::TlsIdentity self = identity_of("a");
    http::TlsOptions options(http::TlsRole::kClient, self.certificate_pem, self.key_pem);
    options.alpn = {route.alpn};
    options.accept = [](const http::PeerIdentity&) { return true; };
    auto tls = http::TlsContext::make(options);
    ASSERT_TRUE(tls) << tls.error().to_string();
    const auto done = test::run_awaitable(io, shake_hands(address, *tls));
    EXPECT_TRUE(done) << done.error().to_string();
    test::run_until(io, [&] { return adopted == 1; });
    EXPECT_GE((*listener)->refused(), kHandshakesMax);  // given up at once, not after a time-out
    test::run_awaitable(io, (*listener)->stop());
}

}  // namespace
}  // namespace assay::ledger
