#include <algorithm>
#include <string>

#include "host/http/parser.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

http::ParserLimits small_limits() {
    http::ParserLimits limits;
    limits.header_bytes_max = 1024;
    limits.body_bytes_max = 256;
    return limits;
}

// What came of the bytes, as text; "" if they were refused or are not complete.
std::string read_request(ByteView input, std::size_t cut) {
    http::RequestParser parser(small_limits());
    if (!parser.feed(input.first(cut)) || !parser.feed(input.subspan(cut))) return {};
    if (!parser.done()) return {};
    const std::size_t rest = parser.take_rest().size();
    const http::Request request = parser.take();
    ASSAY_ASSERT(request.path.starts_with('/') && request.body.size() <= 256);
    ASSAY_ASSERT(request.headers.count("Host") <= 1);
    return request.method + " " + request.target + " " + std::to_string(rest) + " " +
           std::string(as_text(request.body));
}

std::string read_response(ByteView input, std::size_t cut) {
    http::ResponseParser parser(small_limits(), /*answers_head=*/false);
    if (!parser.feed(input.first(cut)) || !parser.feed(input.subspan(cut))) return {};
    if (!parser.done()) return {};
    const std::size_t rest = parser.take_rest().size();
    const Bytes body = parser.take_body();
    ASSAY_ASSERT(body.size() <= 256);
    return std::to_string(parser.take_head().status) + " " + std::to_string(rest) + " " +
           std::string(as_text(body));
}

}  // namespace

// The first byte says where the message is cut in two: the same must come of it as in one piece.
void one_input(ByteView input) {
    if (input.empty()) return;
    const auto wish = std::to_integer<std::size_t>(input.front());
    input = input.subspan(1);
    const std::size_t cut = std::min(wish, input.size());
    ASSAY_ASSERT(read_request(input, 0) == read_request(input, cut));
    ASSAY_ASSERT(read_response(input, 0) == read_response(input, cut));
}

std::vector<Bytes> seeds() {
    std::vector<Bytes> out;
    for (const char* text :
         {"\x20GET /v1/status?a=b%20c HTTP/1.1\r\nHost: gateway\r\nRange: bytes=0-9\r\n\r\n",
          "\x40POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET",
          "\x50PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n0\r\n"
          "T: x\r\n\r\n",
          "\x30HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"x\"\r\n\r\nok",
          "\x45HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: "
          "chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
          "\x10HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"}) {
        out.push_back(to_bytes(text));
    }
    return out;
}

}  // namespace assay::fuzz
