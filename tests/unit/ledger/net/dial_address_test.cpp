#include "ledger/net/dial_address.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_awaitable.hpp"

namespace assay::ledger {
namespace {

boost::asio::awaitable<Result<void>> try_dial(boost::asio::io_context& io, std::string address) {
    auto socket = co_await dial_address(io.get_executor(), std::move(address));
    if (!socket) co_return fail(std::move(socket).error());
    co_return Result<void>{};
}

TEST(DialAddress, SplitsHostAndPort) {
    using Parts = std::pair<std::string, std::string>;
    EXPECT_EQ(*split_address("gw.example:4700"), Parts("gw.example", "4700"));
    EXPECT_EQ(*split_address("192.0.2.1:0"), Parts("192.0.2.1", "0"));
    EXPECT_EQ(*split_address("[2001:db8::1]:80"), Parts("2001:db8::1", "80"));
    for (const char* bad :
         {"", "gw.example", ":80", "2001:db8::1:80", "a:", "a:x", "a:65536", "a:-1", "a:80x"}) {
        EXPECT_FALSE(split_address(bad).has_value()) << bad;
    }
}

TEST(DialAddress, ListensOnAFreePortAndConnectsToIt) {
    boost::asio::io_context io;
    auto acceptor = listen_address(io.get_executor(), "127.0.0.1:0");
    ASSERT_TRUE(acceptor.has_value()) << acceptor.error().to_string();
    const auto port = std::to_string(acceptor->local_endpoint().port());
    ASSERT_NE(port, "0");
    const std::string address = "localhost:" + port;
    const auto socket = test::run_awaitable(io, try_dial(io, address));
    ASSERT_TRUE(socket.has_value()) << socket.error().to_string();

    EXPECT_FALSE(listen_address(io.get_executor(), "127.0.0.1:" + port).has_value()) << "taken";
    EXPECT_FALSE(listen_address(io.get_executor(), "localhost:0").has_value()) << "not an IP";
    acceptor->close();
    const auto refused = test::run_awaitable(io, try_dial(io, address));
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().context().find(address), std::string::npos);
}

}  // namespace
}  // namespace assay::ledger
