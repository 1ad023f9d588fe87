// HTTP requests and responses (RFC 9110) as the server's handlers and the client's callers see
// them.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"
#include "host/http/origin.hpp"
#include "host/http/tls.hpp"

namespace assay::http {

// Field names are compared without regard to case.
class Headers {
  public:
    using Field = std::pair<std::string, std::string>;

    void add(std::string name, std::string value);
    // Replaces all fields of that name.
    void set(std::string name, std::string value);
    // The first field of that name. The view lives as long as the field.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }

  private:
    std::vector<Field> fields_;
};

// Pairs in the order of arrival; the first of a name wins.
using Parameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<std::string_view> find_parameter(const Parameters& parameters,
                                                             std::string_view name) noexcept;

struct Request {
    Request() = default;

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
        return headers.find(name);
    }
    [[nodiscard]] std::optional<std::string_view> query_value(
        std::string_view name) const noexcept {
        return find_parameter(query, name);
    }
    // What stands for `{name}` in the matched route, percent-decoded; empty if the route has none.
    [[nodiscard]] std::string_view path_value(std::string_view name) const noexcept {
        return find_parameter(path_values, name).value_or(std::string_view{});
    }

    std::string method;      // "GET"; case matters
    std::string target;      // as sent, e.g. "/v1/releases?limit=5"
    std::string path;        // the part before '?', still percent-encoded
    Parameters query;        // percent-decoded
    Parameters path_values;  // set by the Router
    Headers headers;
    Bytes body;
    bool keep_alive = true;  // as far as the peer is concerned

    // Valid while the request is handled. Null without TLS or without a client certificate.
    const PeerIdentity* peer = nullptr;
    Origin origin{};  // where it comes from
};

// A part of an open file, sent piece by piece.
struct FileRange {
    FileRange(std::shared_ptr<const FileHandle> open_file, std::uint64_t from, std::uint64_t bytes)
        : file{std::move(open_file)}, offset{from}, length{bytes} {}
    std::shared_ptr<const FileHandle> file;
    std::uint64_t offset;
    std::uint64_t length;
};

// Bytes and, behind them, a part of a file, which is not copied through the program.
struct BodyPiece {
    BodyPiece() = default;
    BodyPiece(Bytes content) : bytes{std::move(content)} {}
    BodyPiece(Bytes content, FileRange content_behind)
        : bytes{std::move(content)}, file{std::move(content_behind)} {}

    [[nodiscard]] std::uint64_t size() const noexcept {
        return bytes.size() + (file ? file->length : 0);
    }

    Bytes bytes;
    std::optional<FileRange> file;
};

// A body made while it is sent. `next` gives the next piece, an empty one at the end; an error cuts
// the connection, so that the client never takes half for whole. Without `length` the body is sent
// chunked.
struct StreamedBody {
    StreamedBody(std::function<boost::asio::awaitable<Result<BodyPiece>>()> next_piece,
                 std::optional<std::uint64_t> bytes)
        : next{std::move(next_piece)}, length{bytes} {}
    std::function<boost::asio::awaitable<Result<BodyPiece>>()> next;
    std::optional<std::uint64_t> length;
};

// The body is `file` if set, else `streamed` if set, else `body`. What a client returns is always
// in `body`. Content-Length, Date and Connection are the server's business.
struct Response {
    Response() = default;
    explicit Response(unsigned status_code) : status{status_code} {}
    Response(unsigned status_code, std::string_view content_type, Bytes content);
    Response(unsigned status_code, std::string_view content_type, std::string_view content);
    Response(unsigned status_code, std::string_view content_type, FileRange content);
    Response(unsigned status_code, std::string_view content_type, StreamedBody content);

    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
        return headers.find(name);
    }
    [[nodiscard]] std::string_view text() const noexcept { return as_text(body); }
    [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }

    unsigned status = 200;
    Headers headers;
    Bytes body;
    std::optional<FileRange> file;
    std::optional<StreamedBody> streamed;
    bool ends_connection = false;  // whoever wants more has to connect anew
};

using Handler = std::function<boost::asio::awaitable<Response>(Request)>;

// An application/problem+json response (RFC 9457) with the members type ("/problems/<word>"),
// title, status, detail and word.
[[nodiscard]] Response problem(unsigned status, std::string_view word, std::string_view detail);
[[nodiscard]] Response problem(unsigned status, Refusal word, std::string_view detail);
// The word is the error's refusal word, or "internal-error"; the detail is its context.
[[nodiscard]] Response problem(unsigned status, const Error& error);

// "Not Found"; "Unknown" for a status RFC 9110 does not name.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quote(std::string_view text);

}  // namespace assay::http
