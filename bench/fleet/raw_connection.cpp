#include "bench/fleet/raw_connection.hpp"

#include <algorithm>
#include <charconv>

#include "host/http/as_tuple.hpp"

namespace assay::fleet {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::size_t kHeadBytesMax = 8 * 1024;
constexpr std::chrono::seconds kPatience{120};

struct Head {
    unsigned status = 0;
    std::uint64_t length = 0;
};

// "HTTP/1.1 200 OK", and its Content-Length.
std::optional<Head> parse_head(std::string_view text) {
    Head head;
    if (text.size() < 12 || !text.starts_with("HTTP/1.1 ")) return std::nullopt;
    std::from_chars(text.data() + 9, text.data() + 12, head.status);
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t at = text.find(kLength);
    if (at == std::string_view::npos) return std::nullopt;
    const char* const begin = text.data() + at + kLength.size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), head.length);
    return error == std::errc{} ? std::optional(head) : std::nullopt;
}

}  // namespace

Bytes make_request(std::string_view method, std::string_view target, ByteView body) {
    std::string head = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: gateway\r\n";
    if (method != "GET") head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    Bytes request = to_bytes(head + "\r\n");
    append(request, body);
    return request;
}

RawConnection::RawConnection(boost::asio::any_io_executor executor,
                             boost::asio::ip::tcp::endpoint server,
                             std::shared_ptr<const http::TlsContext> tls)
    : executor_{std::move(executor)}, server_{std::move(server)}, tls_{std::move(tls)} {}

boost::asio::awaitable<Result<void>> RawConnection::open() {
    boost::asio::ip::tcp::socket socket(executor_);
    const auto [code] = co_await socket.async_connect(server_, kAsTuple);
    if (code) co_return fail(std::error_code(code), "connect");
    socket.set_option(boost::asio::ip::tcp::no_delay(true));
    auto stream = std::make_unique<http::Stream>(std::move(socket), tls_);
    auto deadline = std::make_unique<http::Deadline>(*stream);
    deadline->expires_after(kPatience);
    Result<void> secured = co_await stream->handshake();
    deadline->disarm();
    if (!secured) co_return secured;
    stream_ = std::move(stream);
    deadline_ = std::move(deadline);
    co_return secured;
}

boost::asio::awaitable<Result<void>> RawConnection::send(ByteView bytes) {
    Result<void> sent = co_await stream_->write_all(bytes);
    co_return sent;
}

boost::asio::awaitable<Result<RawAnswer>> RawConnection::exchange(ByteView request, Sink sink) {
    if (!stream_) co_return fail(std::errc::not_connected, "connection");
    Result<RawAnswer> answer = fail(std::errc::not_connected, "connection");
    deadline_->expires_after(kPatience);
    Result<void> sent = co_await stream_->write_all(request);
    if (sent) sent = co_await stream_->wait_readable();
    if (sent) {
        answer = co_await read_answer(sink);
    } else {
        answer = fail(std::move(sent).error());
    }
    deadline_->disarm();
    if (!answer) cut();
    co_return answer;
}

boost::asio::awaitable<Result<RawAnswer>> RawConnection::read_answer(const Sink& sink) {
    RawAnswer answer;
    Bytes buffer(4096);
    std::size_t have = 0;
    std::size_t head_end = std::string_view::npos;
    while (head_end == std::string_view::npos) {
        if (have == buffer.size()) {
            if (have >= kHeadBytesMax) co_return fail(Refusal::kLimitExceeded, "head of an answer");
            buffer.resize(kHeadBytesMax);
        }
        const Result<std::size_t> count = co_await stream_->read_some(std::span(buffer).subspan(have));
        if (!count || *count == 0) co_return fail(std::errc::connection_reset, "answer");
        have += *count;
        head_end = as_text(ByteView(buffer).first(have)).find("\r\n\r\n");
    }
    const auto head = parse_head(as_text(ByteView(buffer).first(head_end + 2)));
    if (!head) co_return fail(Refusal::kMalformed, "head of an answer");
    answer.status = head->status;
    const auto take = [&](ByteView bytes) {
        answer.bytes += bytes.size();
        if (sink && answer.status < 300) {
            sink(bytes);
        } else {
            append(answer.body, bytes);
        }
    };
    take(ByteView(buffer).subspan(head_end + 4, have - head_end - 4));
    if (head->length > answer.bytes + buffer.size()) buffer.resize(kBufferBytes);
    while (answer.bytes < head->length) {
        const Result<std::size_t> count = co_await stream_->read_some(buffer);
        if (!count || *count == 0) co_return fail(std::errc::connection_reset, "body");
        take(ByteView(buffer).first(*count));
    }
    if (answer.bytes != head->length) co_return fail(Refusal::kMalformed, "length of an answer");
    co_return answer;
}

}  // namespace assay::fleet
