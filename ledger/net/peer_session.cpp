#include "ledger/net/peer_session.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "host/base/codec.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;  // a || b: the first to finish wins
using std::chrono::steady_clock;


// So that a pause never passes for silence.
constexpr std::chrono::milliseconds kPauseMax{1'000};

// The length comes from the peer: it is checked before a byte is reserved for it.
asio::awaitable<Result<Bytes>> read_frame(http::Stream& stream) {
    std::array<std::byte, 4> prefix{};
    auto got_prefix = co_await stream.read_exact(prefix);
    if (!got_prefix) co_return fail(std::move(got_prefix).error());

    const std::size_t length = Reader(prefix).u32();
    if (length == 0 || length > kFrameBytesMax) {
        co_return fail(Refusal::kLimitExceeded, "frame of " + std::to_string(length) + " bytes");
    }
    Bytes frame(length);
    auto got_frame = co_await stream.read_exact(frame);
    if (!got_frame) co_return fail(std::move(got_frame).error());
    co_return frame;
}

}  // namespace

PeerSession::PeerSession(http::Stream stream, SessionLimits limits)
    : stream_{std::move(stream)},
      limits_{limits},
      wake_{stream_.executor(), asio::steady_timer::time_point::max()},
      pause_{stream_.executor()},
      heard_{steady_clock::now()},
      pinged_{heard_} {}

asio::awaitable<Error> PeerSession::run(Handlers handlers) {
    handlers_ = std::move(handlers);
    auto ended = co_await (read_all() || write_all());
    stream_.close();
    if (closed_) co_return *closed_;
    if (ended.index() == 0) co_return std::get<0>(std::move(ended));
    co_return std::get<1>(std::move(ended));
}

asio::awaitable<Error> PeerSession::read_all() {
    for (;;) {
        auto frame = co_await read_frame(stream_);
        if (!frame) co_return std::move(frame).error();
        if (closed_) co_return *closed_;
        heard_ = steady_clock::now();
        auto message = decode_message(*frame);
        if (!message) co_return std::move(message).error();
        auto handled = handlers_.on_message(std::move(*message));
        if (!handled) co_return std::move(handled).error();
        const auto pause = handlers_.pause ? handlers_.pause() : std::chrono::milliseconds{0};
        if (pause <= std::chrono::milliseconds{0}) continue;
        pause_.expires_after(std::min(pause, kPauseMax));
        const auto [interrupted] = co_await pause_.async_wait(kAsTuple);
        if (closed_) co_return *closed_;
        if (interrupted) co_return Error(interrupted, "reading was paused");
    }
}

asio::awaitable<Error> PeerSession::write_all() {
    for (;;) {
        if (queue_.empty()) {
            if (const auto owed = handlers_.next_served()) send(*owed);
        }
        if (queue_.empty()) {
            co_await wake_.async_wait(kAsTuple);
            continue;
        }
        const Bytes frame = std::move(queue_.front());
        queue_.pop_front();
        write_began_ = steady_clock::now();
        auto written = co_await stream_.write_all(frame);
        write_began_.reset();
        queue_bytes_ -= frame.size();
        if (!written) co_return std::move(written).error();
    }
}

void PeerSession::send(const PeerMessage& message) {
    if (closed_) return;
    Bytes frame = encode_frame(message);
    if (queue_bytes_ + frame.size() > limits_.queue_bytes_max) {
        close(Error(std::make_error_code(std::errc::no_buffer_space),
                    "the peer does not take its frames"));
        return;
    }
    queue_bytes_ += frame.size();
    queue_.push_back(std::move(frame));
    wake();
}

void PeerSession::wake() { wake_.cancel(); }

void PeerSession::on_tick(steady_clock::time_point now) {
    if (now >= heard_ + limits_.silence_max) {
        close(Error(std::make_error_code(std::errc::timed_out), "peer silent"));
    } else if (write_began_ && now >= *write_began_ + limits_.write_max) {
        close(Error(std::make_error_code(std::errc::timed_out), "peer does not read"));
    } else if (now >= heard_ + limits_.ping_after && now >= pinged_ + limits_.ping_after) {
        pinged_ = now;
        send(Ping{static_cast<std::uint64_t>(now.time_since_epoch().count())});
    }
}

void PeerSession::close(Error reason) {
    if (!closed_) closed_ = std::move(reason);
    stream_.close();
    wake_.cancel();
    pause_.cancel();
}

}  // namespace assay::ledger
