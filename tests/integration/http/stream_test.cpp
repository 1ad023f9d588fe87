#include "host/http/stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include "host/http/timeout.hpp"
#include "tests/integration/http/http_fixture.hpp"

namespace assay::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

// Two ends of one connection, plain or under TLS.
class StreamTest : public testing::TestWithParam<bool> {
  protected:
    StreamTest() {
        const auto node = test::make_self_signed("node-1");
        const auto peer = test::make_self_signed("node-2");
        std::shared_ptr<const TlsContext> server;
        std::shared_ptr<const TlsContext> client;
        if (GetParam()) {
            TlsOptions options(TlsRole::kServer, node.certificate_pem(), node.key_pem());
            options.accept = [](const PeerIdentity& who) { return who.common_name == "node-2"; };
            options.alpn = {"assay-c/1"};
            server = make_context(options);
            TlsOptions other(TlsRole::kClient, peer.certificate_pem(), peer.key_pem());
            other.accept = [](const PeerIdentity& who) { return who.common_name == "node-1"; };
            other.alpn = {"assay-c/1"};
            client = make_context(other);
        }
        tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        tcp::socket outgoing(io);
        outgoing.connect(acceptor.local_endpoint());
        tcp::socket incoming = acceptor.accept();
        a = std::make_unique<Stream>(std::move(outgoing), client);
        b = std::make_unique<Stream>(std::move(incoming), server);
        bool done = false;
        asio::co_spawn(io, a->handshake(), [&](const std::exception_ptr&, Result<void> result) {
            EXPECT_TRUE(result);
            done = true;
        });
        EXPECT_TRUE(test::run_awaitable(io, b->handshake()));
        test::run_until(io, [&] { return done; });
    }

    template <typename T>
    T run(asio::awaitable<T> operation) {
        return test::run_awaitable(io, std::move(operation));
    }

    asio::io_context io{1};
    std::unique_ptr<Stream> a;
    std::unique_ptr<Stream> b;
};

TEST_P(StreamTest, KnowsItsPeer) {
    EXPECT_TRUE(b->remote_address().starts_with("127.0.0.1:"));
    if (!GetParam()) {
        EXPECT_EQ(b->peer(), nullptr);
        return;
    }
    ASSERT_NE(b->peer(), nullptr);
    EXPECT_EQ(b->peer()->common_name, "node-2");
    EXPECT_EQ(b->alpn(), "assay-c/1");
}

asio::awaitable<Result<void>> send_much(Stream& stream, std::byte value, std::size_t bytes) {
    const Bytes all(bytes, value);
    co_return co_await stream.write_all(all);
}

asio::awaitable<std::size_t> receive_much(Stream& stream, std::byte value, std::size_t bytes) {
    std::size_t good = 0;
    Bytes buffer(10'000);
    while (good < bytes) {
        const Result<std::size_t> count = co_await stream.read_some(buffer);
        if (!count || *count == 0) break;
        for (std::size_t i = 0; i < *count; ++i) good += buffer[i] == value ? 1 : 0;
    }
    co_return good;
}

TEST_P(StreamTest, CarriesBothDirectionsAtOnce) {
    constexpr std::size_t kBytes = 8'000'000;
    int sent = 0;
    const auto count_sent = [&](const std::exception_ptr&, Result<void> result) {
        EXPECT_TRUE(result);
        ++sent;
    };
    asio::co_spawn(io, send_much(*a, std::byte{1}, kBytes), count_sent);
    asio::co_spawn(io, send_much(*b, std::byte{2}, kBytes), count_sent);
    std::size_t at_a = 0;
    asio::co_spawn(io, receive_much(*a, std::byte{2}, kBytes),
                   [&](const std::exception_ptr&, std::size_t good) { at_a = good; });
    EXPECT_EQ(run(receive_much(*b, std::byte{1}, kBytes)), kBytes);
    test::run_until(io, [&] { return at_a > 0 && sent == 2; });
    EXPECT_EQ(at_a, kBytes);
}

TEST_P(StreamTest, ReadsExactly) {
    ASSERT_TRUE(run(a->write_all(as_bytes("abc"))));
    ASSERT_TRUE(run(a->write_all(as_bytes("def"))));
    Bytes four(4);
    ASSERT_TRUE(run(b->read_exact(four)));
    EXPECT_EQ(as_text(four), "abcd");
    ASSERT_TRUE(run(a->shutdown()));
    const auto more = run(b->read_exact(four));
    ASSERT_FALSE(more);
    EXPECT_TRUE(more.error().is(std::errc::connection_reset));
}

TEST_P(StreamTest, AnOrderlyEndReadsAsNothing) {
    ASSERT_TRUE(run(a->shutdown()));
    Bytes buffer(10);
    const auto count = run(b->read_some(buffer));
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 0U);
    ASSERT_TRUE(run(b->write_all(as_bytes("still heard"))));  // half-closed only
    EXPECT_EQ(*run(a->read_some(buffer)), 10U);
}

TEST_P(StreamTest, UnderTlsACutIsAnError) {
    a->close();
    Bytes buffer(10);
    const auto count = run(b->read_some(buffer));
    if (GetParam()) {
        ASSERT_FALSE(count);
        EXPECT_TRUE(count.error().is(std::errc::connection_reset));
    } else {
        EXPECT_TRUE(count && *count == 0);
    }
}

TEST_P(StreamTest, WithTimeoutGivesUpAndLosesNothing) {
    Bytes buffer(10);
    const auto late = run(with_timeout(b->read_some(buffer), 20ms, "wait for a frame"));
    ASSERT_FALSE(late);
    EXPECT_TRUE(late.error().is(std::errc::timed_out));
    EXPECT_EQ(late.error().context(), "wait for a frame");
    ASSERT_TRUE(run(a->write_all(as_bytes("later"))));
    const auto count = run(with_timeout(b->read_some(buffer), 10s, "wait for a frame"));
    ASSERT_TRUE(count);
    EXPECT_EQ(as_text(ByteView(buffer).first(*count)), "later");
}

asio::awaitable<Result<void>> wait_late(Stream& stream, std::chrono::milliseconds pause) {
    asio::steady_timer timer(stream.executor(), pause);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return co_await stream.wait_readable();
}

TEST_P(StreamTest, ADeadlineThatPassedBetweenTwoOperationsCancelsTheSecond) {
    Deadline deadline(*b);
    deadline.expires_after(5ms);
    const auto waited = run(wait_late(*b, 20ms));
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().is(std::errc::operation_canceled));
}

TEST_P(StreamTest, DeadlineCancelsAWaitAndCanBeMoved) {
    Deadline deadline(*b);
    deadline.expires_after(10s);
    deadline.expires_after(20ms);
    const auto waited = run(b->wait_readable());
    ASSERT_FALSE(waited);
    EXPECT_TRUE(waited.error().is(std::errc::operation_canceled));
    EXPECT_TRUE(deadline.expired());
    EXPECT_TRUE(b->is_open());

    deadline.expires_after(20ms);
    EXPECT_FALSE(deadline.expired());
    deadline.disarm();
    asio::steady_timer later(io, 40ms);
    bool over = false;
    later.async_wait([&](const boost::system::error_code&) { over = true; });
    bool woken = false;
    asio::co_spawn(io, b->wait_readable(), [&](const std::exception_ptr&, Result<void> result) {
        EXPECT_TRUE(result);
        woken = true;
    });
    test::run_until(io, [&] { return over; });
    EXPECT_FALSE(woken);
    ASSERT_TRUE(run(a->write_all(as_bytes("x"))));
    test::run_until(io, [&] { return woken; });
}

TEST_P(StreamTest, IsQuietUntilThePeerSendsOrCloses) {
    EXPECT_TRUE(a->is_quiet());
    ASSERT_TRUE(run(b->write_all(as_bytes("x"))));
    ASSERT_TRUE(run(a->wait_readable()));
    EXPECT_FALSE(a->is_quiet());
    Bytes buffer(10);
    ASSERT_TRUE(run(a->read_some(buffer)));
    EXPECT_TRUE(a->is_quiet());
    b->close();
    ASSERT_TRUE(run(a->wait_readable()));
    EXPECT_FALSE(a->is_quiet());
}

TEST_P(StreamTest, CloseEndsAPendingRead) {
    bool failed = false;
    Bytes buffer(10);
    asio::co_spawn(io, b->read_some(buffer),
                   [&](const std::exception_ptr&, Result<std::size_t> count) { failed = !count; });
    io.restart();
    io.poll();
    b->close();
    test::run_until(io, [&] { return failed; });
    EXPECT_FALSE(b->is_open());
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls,
                         StreamTest,
                         testing::Values(false, true),
                         [](const auto& which) { return which.param ? "Tls" : "Plain"; });

}  // namespace
}  // namespace assay::http
