// HTTP/1.1 messages (RFC 9112) from bytes, without sockets: the parser keeps what it cannot use
// yet, and every bound is checked before memory is taken. Beast does the work, in parser.cpp only.

#pragma once

#include <cstdint>
#include <memory>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/http/message.hpp"

namespace assay::http {

struct ParserLimits {
    std::size_t header_bytes_max = 16 * 1024;  // start line and fields, trailers likewise
    std::uint64_t body_bytes_max = 1024 * 1024;
};

// Errors are Refusal::kMalformed or kLimitExceeded. After an error the parser must not be fed.
class RequestParser {
  public:
    explicit RequestParser(const ParserLimits& limits);
    RequestParser(RequestParser&&) noexcept;
    RequestParser& operator=(RequestParser&&) noexcept;
    ~RequestParser();

    // Takes all of `data`; what follows the message is kept for take_rest().
    [[nodiscard]] Result<void> feed(ByteView data);

    [[nodiscard]] bool started() const noexcept;   // a byte of the message is here
    [[nodiscard]] bool has_head() const noexcept;  // start line and fields are complete
    [[nodiscard]] bool done() const noexcept;
    // The client waits for "100 Continue" before it sends the body.
    [[nodiscard]] bool expects_continue() const noexcept;
    // The HTTP status that answers the error of feed(): 400, 413, 431, 501 or 505.
    [[nodiscard]] unsigned error_status() const noexcept;

    // Precondition: done().
    [[nodiscard]] Request take();
    // What came after the message: the start of the next one.
    [[nodiscard]] Bytes take_rest() noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class ResponseParser {
  public:
    // A response to HEAD has no body, whatever its fields say.
    ResponseParser(const ParserLimits& limits, bool answers_head);
    ResponseParser(ResponseParser&&) noexcept;
    ResponseParser& operator=(ResponseParser&&) noexcept;
    ~ResponseParser();

    [[nodiscard]] Result<void> feed(ByteView data);
    // The server closed: that ends a body without a length, and is an error in any other place.
    [[nodiscard]] Result<void> feed_end();

    [[nodiscard]] bool started() const noexcept;
    [[nodiscard]] bool has_head() const noexcept;
    [[nodiscard]] bool done() const noexcept;
    [[nodiscard]] bool keep_alive() const noexcept;  // precondition: done()

    // Precondition: has_head(). The head of the response; the body is left out.
    [[nodiscard]] Response take_head();
    // The part of the body that came since the last call.
    [[nodiscard]] Bytes take_body() noexcept;
    [[nodiscard]] Bytes take_rest() noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::http
