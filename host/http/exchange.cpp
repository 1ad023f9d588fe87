#include "host/http/exchange.hpp"

#include <algorithm>
#include <optional>

#include "host/http/parser.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTransferBytes = 64 * 1024;
constexpr std::size_t kErrorBodyBytesMax = 64 * 1024;

bool is_line_safe(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

}  // namespace

Result<std::string> encode_request_head(const ClientRequest& request, const Url& url) {
    const std::string& method = request.method;
    if (method.empty() ||
        !std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
        return fail(std::errc::invalid_argument, "method '" + method + "'");
    }
    std::string head = method + " " + url.target + " HTTP/1.1\r\n";
    head += "Host: " + url.authority() + "\r\n";
    for (const auto& [name, value] : request.headers.fields()) {
        if (name.empty() || !is_line_safe(name) || !is_line_safe(value)) {
            return fail(std::errc::invalid_argument,
                        "field '" + name + "' has a control character");
        }
        head += name + ": " + value + "\r\n";
    }
    const bool has_body = method != "GET" && method != "HEAD";
    if (has_body || !request.body.empty()) {
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return head + "\r\n";
}

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
    if (!sent && connection_.deadline.expired()) co_return fail(explain(sent.error()));
    // A server may refuse the body before it has read it all, or the certificate that came with it:
    // its answer, or its alert, says more than our error.
    Result<Response> response = co_await receive();
    connection_.deadline.disarm();
    if (!sent && !response && response.error().is(std::errc::connection_reset)) {
        co_return fail(explain(sent.error()));
    }
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
        const ByteView piece = rest.first(std::min(rest.size(), kTransferBytes));
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
    ParserLimits limits;
    limits.header_bytes_max = request_.header_bytes_max;
    limits.body_bytes_max = request_.body_bytes_max;
    ResponseParser parser(limits, head_only);
    std::optional<Response> response;
    Bytes buffer(kTransferBytes);
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
            parser = ResponseParser(limits, head_only);
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

}  // namespace assay::http
