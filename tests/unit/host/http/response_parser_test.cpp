#include <string>

#include <gtest/gtest.h>

#include "host/http/parser.hpp"

namespace assay::http {
namespace {

ParserLimits response_limits() {
    ParserLimits limits;
    limits.header_bytes_max = 512;
    limits.body_bytes_max = 64;
    return limits;
}

constexpr std::string_view kResponse =
    "HTTP/1.1 206 Partial Content\r\n"
    "ETag: \"x\"\r\n"
    "Content-Length: 6\r\n"
    "\r\n"
    "abcdef";

TEST(ResponseParser, GivesHeadAndBodyAfterAnySplit) {
    for (std::size_t cut = 0; cut < kResponse.size(); ++cut) {
        ResponseParser parser(response_limits(), /*answers_head=*/false);
        ASSERT_TRUE(parser.feed(as_bytes(kResponse.substr(0, cut))));
        EXPECT_FALSE(parser.done()) << cut;
        std::string body(as_text(parser.take_body()));
        ASSERT_TRUE(parser.feed(as_bytes(kResponse.substr(cut))));
        ASSERT_TRUE(parser.done()) << cut;
        body += as_text(parser.take_body());
        EXPECT_EQ(body, "abcdef") << cut;
        const Response head = parser.take_head();
        EXPECT_EQ(head.status, 206U);
        EXPECT_EQ(head.header("etag"), "\"x\"");
        EXPECT_TRUE(parser.keep_alive());
    }
}

TEST(ResponseParser, SurvivesEverySingleBitFlip) {
    for (std::size_t bit = 0; bit < kResponse.size() * 8; ++bit) {
        std::string text(kResponse);
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
        ResponseParser parser(response_limits(), /*answers_head=*/false);
        if (!parser.feed(as_bytes(text)) || !parser.feed_end()) continue;
        EXPECT_TRUE(parser.done()) << text;
    }
}

TEST(ResponseParser, TakesNoBodyForHead) {
    ResponseParser parser(response_limits(), /*answers_head=*/true);
    ASSERT_TRUE(parser.feed(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")));
    EXPECT_TRUE(parser.done());
    EXPECT_EQ(parser.take_head().header("Content-Length"), "999999");
}

TEST(ResponseParser, EndsABodyWithoutLengthWithTheConnection) {
    ResponseParser parser(response_limits(), /*answers_head=*/false);
    ASSERT_TRUE(parser.feed(as_bytes("HTTP/1.1 200 OK\r\n\r\nabc")));
    EXPECT_FALSE(parser.done());
    ASSERT_TRUE(parser.feed_end());
    EXPECT_TRUE(parser.done());
    EXPECT_FALSE(parser.keep_alive());
    EXPECT_EQ(as_text(parser.take_body()), "abc");
}

TEST(ResponseParser, RefusesAConnectionThatEndsTooEarly) {
    for (std::size_t cut = 1; cut < kResponse.size(); ++cut) {
        ResponseParser parser(response_limits(), /*answers_head=*/false);
        ASSERT_TRUE(parser.feed(as_bytes(kResponse.substr(0, cut))));
        const auto ended = parser.feed_end();
        ASSERT_FALSE(ended) << cut;
        EXPECT_TRUE(ended.error().is(Refusal::kMalformed)) << cut;
    }
}

TEST(ResponseParser, RefusesAChunkedBodyThatEndsTooEarly) {
    ResponseParser parser(response_limits(), /*answers_head=*/false);
    ASSERT_TRUE(
        parser.feed(as_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\n")));
    EXPECT_FALSE(parser.feed_end());
}

TEST(ResponseParser, BoundsBodies) {
    const std::string many(65, 'b');
    const auto refused = [&](const std::string& text) {
        ResponseParser parser(response_limits(), /*answers_head=*/false);
        const auto fed = parser.feed(as_bytes(text));
        return !fed && fed.error().is(Refusal::kLimitExceeded);
    };
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n"));
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\n\r\n" + many));
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n" + many));
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\nX: " + std::string(600, 'x')));
}

TEST(ResponseParser, StopsAfterAnInterimResponse) {
    ResponseParser parser(response_limits(), /*answers_head=*/false);
    ASSERT_TRUE(
        parser.feed(as_bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")));
    ASSERT_TRUE(parser.done());
    EXPECT_EQ(parser.take_head().status, 100U);
    ResponseParser next(response_limits(), /*answers_head=*/false);
    ASSERT_TRUE(next.feed(parser.take_rest()));
    EXPECT_TRUE(next.done());
    EXPECT_EQ(next.take_head().status, 204U);
}

TEST(ResponseParser, RefusesWhatIsMalformed) {
    for (const char* text :
         {"HTTP/1.1\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTQ/1.1 200 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", "garbage\r\n\r\n"}) {
        ResponseParser parser(response_limits(), /*answers_head=*/false);
        const auto fed = parser.feed(as_bytes(text));
        ASSERT_FALSE(fed) << text;
        EXPECT_TRUE(fed.error().is(Refusal::kMalformed)) << text;
    }
}

}  // namespace
}  // namespace assay::http
