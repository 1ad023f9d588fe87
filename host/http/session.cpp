#include "host/http/session.hpp"

#include <algorithm>
#include <ctime>

#include "host/http/parser.hpp"

namespace assay::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kBodyPieceBytes = 64 * 1024;
constexpr std::uint64_t kFilePieceBytes = 1024 * 1024;
constexpr std::chrono::seconds kGentleCloseTime{2};

std::string http_date(std::time_t now) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return {text, size};
}

// A line break in a value would let whoever chose the value write fields of its own.
std::string one_line(std::string value) {
    std::replace_if(
        value.begin(), value.end(),
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; },
        ' ');
    return value;
}

std::optional<std::uint64_t> content_length(const Response& response) noexcept {
    if (response.file) return response.file->length;
    if (response.streamed) return response.streamed->length;
    return response.body.size();
}

bool may_have_body(unsigned status) noexcept { return status != 204 && status != 304; }

std::string encode_head(const Response& response,
                        const std::string& date,
                        bool chunked,
                        bool keep_alive) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += reason_phrase(response.status);
    head += "\r\nDate: " + date + "\r\n";
    for (const auto& [name, value] : response.headers.fields()) {
        head += one_line(name) + ": " + one_line(value) + "\r\n";
    }
    if (chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    } else if (const auto length = content_length(response);
               length && may_have_body(response.status)) {
        head += "Content-Length: " + std::to_string(*length) + "\r\n";
    }
    return head + (keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
}

std::string chunk_head(std::size_t bytes) {
    char text[24];
    const int size = std::snprintf(text, sizeof text, "%zx\r\n", bytes);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

const std::string& SessionContext::date() {
    const std::time_t now = std::time(nullptr);
    if (std::exchange(date_made, now) != now) date_text = http_date(now);
    return date_text;
}

Session::Session(SessionContext& context, Stream stream)
    : context_{context},
      stream_{std::move(stream)},
      deadline_{stream_},
      origin_{origin_of(stream_.remote_ip())},
      newcomer_{context.newcomers, origin_, [this] { give_up(); }} {
    context_.sessions.insert(this);
}

Session::~Session() {
    leave_key();
    context_.sessions.erase(this);
    if (leaving_) --context_.leaving;
    if (context_.on_session_end) context_.on_session_end();
}

void Session::give_up() noexcept {
    leave_key();
    leaving_ = true;
    ++context_.leaving;
    close();
}

void Session::enter_key() {
    const PeerIdentity* const peer = stream_.peer();
    const std::size_t most = context_.options.connections_of_key_max;
    if (peer == nullptr || most == 0) return;
    of_key_ = &*context_.of_key.try_emplace(peer->spki_sha256).first;
    std::vector<Session*>& sessions = of_key_->second;
    sessions.push_back(this);
    if (sessions.size() > most) sessions.front()->give_up();
}

void Session::leave_key() noexcept {
    if (of_key_ == nullptr) return;
    std::erase(of_key_->second, this);
    if (of_key_->second.empty()) context_.of_key.erase(of_key_->first);
    of_key_ = nullptr;
}

asio::awaitable<void> Session::run() {
    deadline_.expires_after(context_.options.handshake_timeout);
    const Result<void> secured = co_await stream_.handshake(context_.options.handshake_pool);
    if (!secured) co_return;
    if (context_.options.tls) newcomer_.leave();
    enter_key();

    Bytes rest;
    for (;;) {
        if (rest.empty()) {
            if (context_.stopping) break;
            deadline_.expires_after(context_.options.idle_timeout);
            idle_ = true;
            const Result<void> woken = co_await stream_.wait_readable();
            idle_ = false;
            if (!woken) co_return;
        }
        const bool again = co_await serve_one(rest);
        if (!again) co_return;
    }
    co_await close_gently();
}

asio::awaitable<void> Session::turn_away() {
    newcomer_.leave();
    Response busy = problem(503, "busy", "too many connections; try again later");
    busy.headers.set("Retry-After", "1");
    co_await send_refusal(std::move(busy));
}

asio::awaitable<bool> Session::serve_one(Bytes& rest) {
    ParserLimits limits;
    limits.header_bytes_max = context_.options.header_bytes_max;
    limits.body_bytes_max = context_.options.body_bytes_max;
    RequestParser parser(limits);
    const bool complete = co_await read_request(parser, std::exchange(rest, Bytes{}));
    if (!complete) co_return false;
    newcomer_.leave();

    Request request = parser.take();
    rest = parser.take_rest();
    request.peer = stream_.peer();
    request.origin = origin_;
    const bool head_only = request.method == "HEAD";
    const bool wanted = request.keep_alive;

    deadline_.ignore();
    Response response = co_await handle(std::move(request));
    const bool keep_alive = wanted && !context_.stopping && !response.ends_connection;
    const bool sent = co_await send(std::move(response), head_only, keep_alive);
    if (sent && !keep_alive) co_await close_gently();
    co_return sent&& keep_alive;
}

asio::awaitable<bool> Session::read_request(RequestParser& parser, Bytes rest) {
    deadline_.expires_after(context_.options.header_timeout);
    Result<void> fed = parser.feed(rest);
    rest = Bytes(kReadBytes);
    bool in_body = false;
    for (;;) {
        if (!fed) {
            Response refusal = problem(parser.error_status(), fed.error());
            co_await send_refusal(std::move(refusal));
            co_return false;
        }
        if (parser.done()) co_return true;
        if (parser.has_head() && !in_body) {
            in_body = true;
            deadline_.expires_after(context_.options.body_timeout);
            if (parser.expects_continue()) {
                const bool sent = co_await send_piece(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
                if (!sent) co_return false;
                deadline_.expires_after(context_.options.body_timeout);
            }
        }
        const Result<std::size_t> count = co_await stream_.read_some(rest);
        if (!count && deadline_.expired() && parser.started()) {
            Response refusal = problem(408, "timed-out", "the request did not arrive in time");
            co_await send_refusal(std::move(refusal));
        }
        if (!count || *count == 0) co_return false;
        fed = parser.feed(ByteView(rest).first(*count));
    }
}

asio::awaitable<Response> Session::handle(Request request) {
    std::string why;
    try {
        co_return co_await context_.handler(std::move(request));
    } catch (const std::exception& problem) {
        why = problem.what();
    }
    co_return problem(500, "internal-error", why);
}

asio::awaitable<bool> Session::send(Response response, bool head_only, bool keep_alive) {
    const bool has_body = !head_only && may_have_body(response.status);
    const bool chunked = response.streamed && !response.streamed->length;
    Bytes head = to_bytes(encode_head(response, context_.date(), chunked, keep_alive));
    const bool small = !response.file && !response.streamed && response.body.size() <= kBodyPieceBytes;
    if (has_body && small) append(head, response.body);
    const bool sent = co_await send_piece(head);
    if (!sent || !has_body || small) co_return sent;
    head = Bytes{};
    co_return co_await send_body(response);
}

asio::awaitable<bool> Session::send_body(const Response& response) {
    if (response.file) co_return co_await send_file(*response.file);
    if (response.streamed) co_return co_await send_streamed(*response.streamed);
    for (ByteView rest(response.body); !rest.empty();) {
        const ByteView piece = rest.first(std::min(rest.size(), kBodyPieceBytes));
        const bool sent = co_await send_piece(piece);
        if (!sent) co_return false;
        rest = rest.subspan(piece.size());
    }
    co_return true;
}

asio::awaitable<bool> Session::send_streamed(const StreamedBody& body) {
    const bool chunked = !body.length;
    std::uint64_t left = body.length.value_or(UINT64_MAX);
    std::string_view chunk_end;  // of the chunk before: goes with the head of the next
    for (;;) {
        deadline_.ignore();  // making the piece is the handler's time, not the client's
        Result<BodyPiece> piece = co_await body.next();
        if (!piece || piece->size() > left) co_return false;
        left -= piece->size();
        if (piece->size() == 0) break;
        if (chunked) {
            Bytes framed = to_bytes(chunk_end);
            append(framed, as_bytes(chunk_head(piece->size())));
            append(framed, piece->bytes);
            piece->bytes = std::move(framed);
            chunk_end = "\r\n";
        }
        bool sent = co_await send_piece(piece->bytes);
        if (sent && piece->file) sent = co_await send_file(*piece->file);
        if (!sent) co_return false;
    }
    if (!chunked) co_return left == 0;
    const std::string end = std::string(chunk_end) + "0\r\n\r\n";
    co_return co_await send_piece(as_bytes(end));
}

asio::awaitable<bool> Session::send_piece(ByteView piece) {
    deadline_.expires_after(context_.options.write_timeout);
    const Result<void> sent = co_await stream_.write_all(piece);
    co_return sent.has_value();
}

asio::awaitable<bool> Session::send_file(const FileRange& part) {
    for (std::uint64_t done = 0; done < part.length;) {
        const std::uint64_t size = std::min<std::uint64_t>(part.length - done, kFilePieceBytes);
        deadline_.expires_after(context_.options.write_timeout);
        const Result<void> sent =
            co_await stream_.write_file(*part.file, part.offset + done, size);
        if (!sent) co_return false;  // cut: better than wrong bytes
        done += size;
    }
    co_return true;
}

asio::awaitable<void> Session::send_refusal(Response response) {
    const bool sent = co_await send(std::move(response), /*head_only=*/false, /*keep_alive=*/false);
    if (sent) co_await close_gently();
}

asio::awaitable<void> Session::close_gently() {
    deadline_.expires_after(kGentleCloseTime);
    const Result<void> done = co_await stream_.shutdown();
    if (!done) co_return;
    // Closing a socket with unread bytes resets it, and the reset overtakes our answer.
    Bytes unwanted(kReadBytes);
    while (!deadline_.expired()) {
        const Result<std::size_t> count = co_await stream_.read_some(unwanted);
        if (!count || *count == 0) break;
    }
}

}  // namespace assay::http
