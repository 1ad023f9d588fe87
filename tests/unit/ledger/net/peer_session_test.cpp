#include "ledger/net/peer_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "ledger/net/dial_address.hpp"
#include "tests/support/run_awaitable.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;
using std::chrono::steady_clock;

// A session on one end of a plain connection; the test holds the other end, blocking.
class PeerSessionTest : public testing::Test {
  protected:
    PeerSessionTest() {
        auto acceptor = listen_address(io.get_executor(), "127.0.0.1:0");
        EXPECT_TRUE(acceptor.has_value());
        far.connect(acceptor->local_endpoint());
        session = std::make_unique<PeerSession>(http::Stream(acceptor->accept()), limits);
        PeerSession::Handlers handlers;
        handlers.on_message = [this](PeerMessage message) {
            received.push_back(std::move(message));
            return answer;
        };
        handlers.next_served = [this]() -> std::optional<PeerMessage> {
            if (owed == 0) return std::nullopt;
            --owed;
            return Pong{static_cast<std::uint64_t>(owed)};
        };
        asio::co_spawn(io, run(std::move(handlers)), [](const std::exception_ptr&) {});
    }
    asio::awaitable<void> run(PeerSession::Handlers handlers) {
        ended = co_await session->run(std::move(handlers));
    }
    void write(ByteView bytes) { asio::write(far, asio::buffer(bytes.data(), bytes.size())); }
    [[nodiscard]] Bytes read(std::size_t count) {
        Bytes bytes(count);
        asio::read(far, asio::buffer(bytes.data(), bytes.size()));
        return bytes;
    }
    void run_until_ended() {
        io.restart();
        const auto end = steady_clock::now() + seconds{10};
        while (!ended) ASSERT_GT(io.run_one_until(end), 0U) << "the session goes on";
    }

    SessionLimits limits{.queue_bytes_max = 1'000};
    asio::io_context io;
    asio::ip::tcp::socket far{io};
    std::unique_ptr<PeerSession> session;
    std::vector<PeerMessage> received;
    Result<void> answer;
    int owed = 0;
    std::optional<Error> ended;
};

TEST_F(PeerSessionTest, DeliversFramesHoweverTheyAreCut) {
    Bytes bytes = encode_frame(Ping{1});
    append(bytes, encode_frame(Ping{2}));
    for (const std::byte byte : bytes) {
        write(ByteView(&byte, 1));
        io.poll();
    }
    far.close();
    run_until_ended();
    ASSERT_EQ(received.size(), 2U);
    EXPECT_EQ(received[1], PeerMessage(Ping{2}));
}

TEST_F(PeerSessionTest, WritesWhatIsQueuedThenWhatIsOwed) {
    owed = 2;
    session->send(Ping{7});
    io.poll();
    io.poll();
    Bytes expected = encode_frame(Ping{7});
    append(expected, encode_frame(Pong{1}));
    append(expected, encode_frame(Pong{0}));
    EXPECT_EQ(read(expected.size()), expected);
}

TEST_F(PeerSessionTest, ALengthBeyondTheLimitEndsItBeforeTheBodyComes) {
    write(Bytes(4, std::byte{0xff}));
    run_until_ended();
    EXPECT_TRUE(ended->is(Refusal::kLimitExceeded)) << ended->to_string();
}

TEST_F(PeerSessionTest, AnEmptyFrameEndsIt) {
    write(Bytes(4, std::byte{0}));
    run_until_ended();
    EXPECT_TRUE(ended->is(Refusal::kLimitExceeded)) << ended->to_string();
}

TEST_F(PeerSessionTest, AMalformedFrameEndsIt) {
    Bytes frame = encode_frame(Ping{1});
    frame[4] = std::byte{99};
    write(frame);
    run_until_ended();
    EXPECT_TRUE(ended->is(Refusal::kUnknownType)) << ended->to_string();
}

TEST_F(PeerSessionTest, AnErrorOfTheHandlerEndsIt) {
    answer = fail(Refusal::kChainIdMismatch, "test");
    write(encode_frame(Ping{1}));
    run_until_ended();
    EXPECT_TRUE(ended->is(Refusal::kChainIdMismatch));
}

TEST_F(PeerSessionTest, APeerThatDoesNotReadIsCutOff) {
    for (int i = 0; i < 1'000 && !ended; ++i) session->send(Ping{1});
    run_until_ended();
    EXPECT_TRUE(ended->is(std::errc::no_buffer_space)) << ended->to_string();
}

TEST_F(PeerSessionTest, AQuietPeerIsPingedAndASilentOneLeft) {
    const auto start = steady_clock::now();
    session->on_tick(start + seconds{19});
    io.poll();
    EXPECT_EQ(far.available(), 0U);
    session->on_tick(start + seconds{21});
    session->on_tick(start + seconds{22});
    io.poll();
    EXPECT_EQ(far.available(), encode_frame(Ping{0}).size()) << "one ping, not one a second";
    session->on_tick(start + seconds{59});
    io.poll();
    EXPECT_FALSE(ended.has_value());
    session->on_tick(start + seconds{61});
    run_until_ended();
    EXPECT_TRUE(ended->is(std::errc::timed_out));
}

}  // namespace
}  // namespace assay::ledger
