#include "host/http/stream.hpp"

#include <sys/sendfile.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "host/base/assert.hpp"
#include "host/base/errno_error.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// What is read from the socket, or encrypted, at once.
constexpr std::size_t kPieceBytes = 64 * 1024;
// What the kernel is asked to send of a file at once.
constexpr std::size_t kSendfileBytes = 256 * 1024;
// Output up to this size is handed to the kernel at once if it takes it.
constexpr std::size_t kSmallOutputBytes = 16 * 1024;
// A peer that sends as fast as we read must not keep the other connections waiting.
constexpr unsigned kStepsWithoutPauseMax = 16;
// A deadline that has passed cancels again this often whatever is begun after it.
constexpr std::chrono::milliseconds kCancelAgain{100};

tl::unexpected<Error> socket_error(const error_code& code, std::string what) {
    return fail(std::error_code(code), std::move(what));
}

bool would_block(const error_code& code) noexcept {
    return code == asio::error::would_block || code == asio::error::try_again;
}

asio::awaitable<Result<bool>> handshake_step(TlsEngine& tls) { co_return tls.handshake(); }

}  // namespace

Stream::Stream(tcp::socket socket) : socket_{std::move(socket)} {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
}

Stream::Stream(tcp::socket socket, std::shared_ptr<const TlsContext> tls, std::string_view host)
    : Stream(std::move(socket)) {
    if (tls) tls_ = std::make_unique<TlsEngine>(std::move(tls), host);
}

Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

asio::awaitable<Result<void>> Stream::handshake(asio::thread_pool* pool) {
    if (!tls_) co_return Result<void>{};
    for (;;) {
        Result<bool> done = false;
        if (pool == nullptr) {
            done = tls_->handshake();
        } else {
            const asio::any_io_executor there = pool->get_executor();
            done = co_await asio::co_spawn(there, handshake_step(*tls_), asio::use_awaitable);
        }
        if (!done) {
            send_output_now();
            co_return fail(done.error());
        }
        if (Result<void> sent = co_await send_output(); !sent) co_return sent;
        if (*done) co_return Result<void>{};
        if (Result<void> got = co_await receive_ciphertext(); !got) co_return got;
    }
}

asio::awaitable<Result<std::size_t>> Stream::read_some(std::span<std::byte> out) {
    if (out.empty()) co_return std::size_t{0};
    if (!tls_) {
        const auto buffer = asio::buffer(out.data(), out.size());
        auto [code, count] = co_await socket_.async_read_some(buffer, kAsTuple);
        if (code == asio::error::eof) co_return std::size_t{0};
        if (code) co_return socket_error(code, "receive");
        co_return count;
    }
    for (;;) {
        const Result<std::size_t> count = tls_->read(out);
        if (!count) {
            send_output_now();
            co_return count;
        }
        if (*count > 0 || tls_->closed()) co_return count;
        if (Result<void> got = co_await receive_ciphertext(); !got) co_return fail(got.error());
    }
}

asio::awaitable<Result<void>> Stream::read_exact(std::span<std::byte> out) {
    while (!out.empty()) {
        const Result<std::size_t> count = co_await read_some(out);
        if (!count) co_return fail(count.error());
        if (*count == 0) co_return fail(std::errc::connection_reset, "peer closed the connection");
        out = out.subspan(*count);
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Stream::wait_readable() {
    if (tls_ && (tls_->has_input() || tls_->closed())) co_return Result<void>{};
    steps_without_pause_ = 0;
    auto [code] = co_await socket_.async_wait(tcp::socket::wait_read, kAsTuple);
    if (code) co_return socket_error(code, "wait for the peer");
    co_return Result<void>{};
}

namespace {

// Not part of the coroutine, so that the buffer lies on the stack and not in its frame.
std::size_t receive_piece(tcp::socket& socket, TlsEngine& tls, error_code& code) {
    std::array<std::byte, kPieceBytes> piece;  // NOLINT: filled by the next line
    const std::size_t count = socket.read_some(asio::buffer(piece), code);
    if (!code) tls.feed(ByteView(piece).first(count));
    return count;
}

}  // namespace

bool Stream::owes_a_pause() noexcept {
    if (++steps_without_pause_ < kStepsWithoutPauseMax) return false;
    steps_without_pause_ = 0;
    return true;
}

asio::awaitable<Result<void>> Stream::receive_ciphertext() {
    for (;;) {
        error_code code;
        receive_piece(socket_, *tls_, code);
        if (!code) {
            if (owes_a_pause()) co_await asio::post(socket_.get_executor(), asio::use_awaitable);
            co_return Result<void>{};
        }
        if (code == asio::error::eof) {
            tls_->feed_end();
            co_return Result<void>{};
        }
        if (!would_block(code)) co_return socket_error(code, "receive");
        steps_without_pause_ = 0;
        auto [waited] = co_await socket_.async_wait(tcp::socket::wait_read, kAsTuple);
        if (waited) co_return socket_error(waited, "receive");
    }
}

asio::awaitable<Result<void>> Stream::write_all(ByteView data) {
    if (!tls_) {
        const auto buffer = asio::buffer(data.data(), data.size());
        auto [code, count] = co_await asio::async_write(socket_, buffer, kAsTuple);
        if (code) co_return socket_error(code, "send");
        co_return Result<void>{};
    }
    while (!data.empty()) {
        const ByteView piece = data.first(std::min(data.size(), kPieceBytes));
        if (Result<void> encrypted = tls_->write(piece); !encrypted) co_return encrypted;
        if (Result<void> sent = co_await send_output(); !sent) co_return sent;
        data = data.subspan(piece.size());
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Stream::write_file(const FileHandle& file,
                                                 std::uint64_t offset,
                                                 std::uint64_t length) {
    Bytes piece(tls_ ? std::min<std::uint64_t>(length, kPieceBytes) : 0);
    while (length > 0) {
        std::size_t sent = 0;
        if (tls_) {
            const auto place = std::span(piece).first(std::min<std::uint64_t>(length, kPieceBytes));
            const Result<std::size_t> count = file.read_at(offset, place);
            if (!count) co_return fail(count.error());
            sent = *count;
            if (Result<void> done = co_await write_all(place.first(sent)); !done) co_return done;
        } else {
            auto position = static_cast<off_t>(offset);
            const ssize_t count = ::sendfile(socket_.native_handle(), file.fd(), &position,
                                             std::min<std::uint64_t>(length, kSendfileBytes));
            if (count < 0 && errno == EAGAIN) {
                auto [code] = co_await socket_.async_wait(tcp::socket::wait_write, kAsTuple);
                if (code) co_return socket_error(code, "send");
                continue;
            }
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) co_return fail_by_errno("send");
            sent = static_cast<std::size_t>(count);
            // A peer that takes all we have must not keep the other connections waiting.
            co_await asio::post(socket_.get_executor(), asio::use_awaitable);
        }
        if (sent == 0) co_return fail(std::errc::io_error, "a file became shorter while it was sent");
        offset += sent;
        length -= sent;
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Stream::send_output() {
    ASSAY_ASSERT(!writing_);  // one writer at a time
    const Bytes output = tls_->take_output();
    if (output.empty()) co_return Result<void>{};
    struct Writing {
        explicit Writing(bool& flag) : flag_{flag} { flag_ = true; }
        Writing(const Writing&) = delete;
        Writing& operator=(const Writing&) = delete;
        ~Writing() { flag_ = false; }
        bool& flag_;
    } const writing(writing_);
    std::size_t sent = 0;
    if (output.size() <= kSmallOutputBytes && !owes_a_pause()) {
        error_code refused;  // whatever it is, the next write meets it again
        sent = socket_.write_some(asio::buffer(output.data(), output.size()), refused);
        if (refused) sent = 0;
        if (sent == output.size()) co_return Result<void>{};
    }
    const auto buffer = asio::buffer(output.data() + sent, output.size() - sent);
    auto [code, count] = co_await asio::async_write(socket_, buffer, kAsTuple);
    if (code) co_return socket_error(code, "send");
    co_return Result<void>{};
}

void Stream::send_output_now() noexcept {
    if (writing_) return;
    const Bytes output = tls_->take_output();
    error_code ignored;
    socket_.write_some(asio::buffer(output.data(), output.size()), ignored);
}

asio::awaitable<Result<void>> Stream::shutdown() {
    if (tls_) {
        tls_->shutdown();
        if (Result<void> sent = co_await send_output(); !sent) co_return sent;
    }
    error_code code;
    socket_.shutdown(tcp::socket::shutdown_send, code);
    if (code) co_return socket_error(code, "close");
    co_return Result<void>{};
}

void Stream::close() noexcept {
    error_code ignored;
    socket_.close(ignored);
}

void Stream::cancel() noexcept {
    error_code ignored;
    socket_.cancel(ignored);
}

bool Stream::is_quiet() {
    if (!socket_.is_open()) return false;
    if (tls_ && (tls_->has_input() || tls_->closed())) return false;
    std::byte byte{};
    error_code code;
    socket_.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, code);
    return would_block(code);
}

bool Stream::is_open() const noexcept { return socket_.is_open(); }

const PeerIdentity* Stream::peer() const noexcept { return tls_ ? tls_->peer() : nullptr; }

std::string_view Stream::alpn() const noexcept { return tls_ ? tls_->alpn() : std::string_view{}; }

std::string Stream::remote_address() const {
    error_code code;
    const tcp::endpoint endpoint = socket_.remote_endpoint(code);
    if (code) return {};
    const std::string host = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

asio::ip::address Stream::remote_ip() const {
    error_code code;
    const tcp::endpoint endpoint = socket_.remote_endpoint(code);
    return code ? asio::ip::address() : endpoint.address();
}

asio::any_io_executor Stream::executor() { return socket_.get_executor(); }

struct Deadline::State {
    using Time = std::chrono::steady_clock::time_point;

    explicit State(Stream& watched) : stream{&watched}, timer(watched.executor()) {}
    Stream* stream;  // null once the Deadline is gone
    // Most deadlines are replaced before they pass. So the timer only ever runs to the earliest one
    // that was set since it last fired, and then looks at `due`.
    asio::steady_timer timer;
    bool watching = false;
    Time due = Time::max();
    bool expired = false;

    static void watch_until(const std::shared_ptr<State>& state, Time time) {
        if (state->watching && state->timer.expiry() <= time) return;
        state->watching = true;
        state->timer.expires_at(time);
        state->timer.async_wait([state](const error_code& code) {
            // The timer may have been set anew after this call was queued.
            if (code || state->stream == nullptr) return;
            const Time now = std::chrono::steady_clock::now();
            if (state->timer.expiry() > now) return;
            state->watching = false;
            if (state->due == Time::max()) return;
            if (state->due > now) return watch_until(state, state->due);
            state->expired = true;
            state->stream->cancel();
            // An operation that had just ended was not cancelled. What its coroutine does next must
            // be, or a peer that sends a byte at the right moment has no deadline any more.
            watch_until(state, now + kCancelAgain);
        });
    }
};

Deadline::Deadline(Stream& stream) : state_{std::make_shared<State>(stream)} {}

Deadline::~Deadline() {
    state_->stream = nullptr;
    state_->timer.cancel();
}

void Deadline::expires_after(std::chrono::steady_clock::duration duration) {
    state_->expired = false;
    state_->due = std::chrono::steady_clock::now() + duration;
    State::watch_until(state_, state_->due);
}

void Deadline::disarm() {
    ignore();
    state_->watching = false;
    state_->timer.cancel();
}

void Deadline::ignore() noexcept {
    state_->expired = false;
    state_->due = State::Time::max();
}

bool Deadline::expired() const noexcept { return state_->expired; }

}  // namespace assay::http
