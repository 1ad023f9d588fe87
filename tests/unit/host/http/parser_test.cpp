#include "host/http/parser.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace assay::http {
namespace {

constexpr std::string_view kPost =
    "POST /v1/devices/d%201?x=1&y=a+b%26 HTTP/1.1\r\n"
    "Host: gateway\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "hello";

ParserLimits small_limits() {
    ParserLimits limits;
    limits.header_bytes_max = 512;
    limits.body_bytes_max = 64;
    return limits;
}

struct Outcome {
    Result<void> fed;
    bool done;
    unsigned status;
};

Outcome parse(std::string_view text) {
    RequestParser parser(small_limits());
    Outcome out{parser.feed(as_bytes(text)), false, 0};
    out.done = out.fed && parser.done();
    out.status = parser.error_status();
    return out;
}

std::string get(std::string_view target, std::string_view fields = "Host: h\r\n") {
    return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n";
}

TEST(RequestParser, GivesAllPartsOfARequest) {
    RequestParser parser(small_limits());
    ASSERT_TRUE(parser.feed(as_bytes(kPost)));
    ASSERT_TRUE(parser.done());
    const Request request = parser.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/devices/d%201?x=1&y=a+b%26");
    EXPECT_EQ(request.path, "/v1/devices/d%201");
    EXPECT_EQ(request.query_value("x"), "1");
    EXPECT_EQ(request.query_value("y"), "a b&");
    EXPECT_EQ(request.query_value("z"), std::nullopt);
    EXPECT_EQ(request.header("host"), "gateway");
    EXPECT_EQ(as_text(request.body), "hello");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_TRUE(parser.take_rest().empty());
}

TEST(RequestParser, IsNotDoneAfterAnyPrefixAndDoneAfterTheRest) {
    for (std::size_t cut = 0; cut < kPost.size(); ++cut) {
        RequestParser parser(small_limits());
        ASSERT_TRUE(parser.feed(as_bytes(kPost.substr(0, cut)))) << cut;
        EXPECT_FALSE(parser.done()) << cut;
        EXPECT_EQ(parser.started(), cut > 0);
        ASSERT_TRUE(parser.feed(as_bytes(kPost.substr(cut)))) << cut;
        ASSERT_TRUE(parser.done()) << cut;
        EXPECT_EQ(as_text(parser.take().body), "hello") << cut;
    }
}

TEST(RequestParser, TakesByteByByte) {
    RequestParser parser(small_limits());
    for (const char& c : kPost) ASSERT_TRUE(parser.feed(as_bytes({&c, 1})));
    ASSERT_TRUE(parser.done());
    EXPECT_EQ(parser.take().path, "/v1/devices/d%201");
}

TEST(RequestParser, SurvivesEverySingleBitFlip) {
    for (std::size_t bit = 0; bit < kPost.size() * 8; ++bit) {
        std::string text(kPost);
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
        RequestParser parser(small_limits());
        if (!parser.feed(as_bytes(text)) || !parser.done()) continue;
        const Request request = parser.take();
        EXPECT_TRUE(request.path.starts_with('/')) << text;
        EXPECT_LE(request.body.size(), 5U) << text;
    }
}

TEST(RequestParser, KeepsPipelinedBytesForTheNextParser) {
    RequestParser parser(small_limits());
    const std::string two = std::string(kPost) + get("/second") + "GET /th";
    ASSERT_TRUE(parser.feed(as_bytes(two)));
    ASSERT_TRUE(parser.done());
    RequestParser second(small_limits());
    ASSERT_TRUE(second.feed(parser.take_rest()));
    ASSERT_TRUE(second.done());
    EXPECT_EQ(second.take().path, "/second");
    EXPECT_EQ(as_text(second.take_rest()), "GET /th");
}

TEST(RequestParser, ReadsChunkedBodies) {
    RequestParser parser(small_limits());
    ASSERT_TRUE(
        parser.feed(as_bytes("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n")));
    ASSERT_TRUE(parser.done());
    EXPECT_EQ(as_text(parser.take().body), "abcde");
}

TEST(RequestParser, DoesNotTakeTrailersForFieldsOfTheHead) {
    const std::string_view body = "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: t\r\nX: y\r\n\r\n";
    const Outcome without = parse("PUT / HTTP/1.1\r\n" + std::string(body));
    ASSERT_FALSE(without.fed);
    EXPECT_NE(without.fed.error().context().find("Host"), std::string::npos);

    RequestParser parser(small_limits());
    ASSERT_TRUE(parser.feed(as_bytes("PUT / HTTP/1.1\r\nHost: h\r\n" + std::string(body))));
    ASSERT_TRUE(parser.done());
    const Request request = parser.take();
    EXPECT_EQ(request.header("Host"), "h");
    EXPECT_EQ(request.header("X"), std::nullopt);
}

TEST(RequestParser, SeesExpectContinueBeforeTheBody) {
    RequestParser parser(small_limits());
    ASSERT_TRUE(parser.feed(as_bytes(
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")));
    EXPECT_TRUE(parser.has_head());
    EXPECT_FALSE(parser.done());
    EXPECT_TRUE(parser.expects_continue());
}

TEST(RequestParser, FollowsTheRulesOfKeepAlive) {
    const auto keep_alive = [](std::string_view text) {
        RequestParser parser(small_limits());
        EXPECT_TRUE(parser.feed(as_bytes(text)));
        EXPECT_TRUE(parser.done());
        return parser.take().keep_alive;
    };
    EXPECT_TRUE(keep_alive("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_FALSE(keep_alive("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keep_alive("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(keep_alive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParser, AcceptsAnAbsoluteTarget) {
    RequestParser parser(small_limits());
    ASSERT_TRUE(parser.feed(as_bytes(get("http://gateway:80/v1/status?a=b"))));
    const Request request = parser.take();
    EXPECT_EQ(request.path, "/v1/status");
    EXPECT_EQ(request.query_value("a"), "b");
}

TEST(RequestParser, BoundsTheHead) {
    const auto outcome = parse(get("/", "Host: h\r\nX: " + std::string(600, 'x') + "\r\n"));
    ASSERT_FALSE(outcome.fed);
    EXPECT_TRUE(outcome.fed.error().is(Refusal::kLimitExceeded));
    EXPECT_EQ(outcome.status, 431U);
    EXPECT_NE(outcome.fed.error().context().find("512"), std::string::npos);
}

TEST(RequestParser, BoundsAHeadThatNeverEnds) {
    RequestParser parser(small_limits());
    Result<void> fed = parser.feed(as_bytes("GET / HTTP/1.1\r\n"));
    std::size_t sent = 0;
    for (; fed && sent < 10'000; sent += 8) fed = parser.feed(as_bytes("A: bcd\r\n"));
    ASSERT_FALSE(fed);
    EXPECT_EQ(parser.error_status(), 431U);
    EXPECT_LE(sent, 600U);
}

TEST(RequestParser, BoundsAnnouncedAndChunkedBodies) {
    const auto announced = parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 65\r\n\r\n");
    ASSERT_FALSE(announced.fed);
    EXPECT_EQ(announced.status, 413U);
    EXPECT_TRUE(announced.fed.error().is(Refusal::kLimitExceeded));

    const auto exact =
        parse("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 64\r\n\r\n" + std::string(64, 'b'));
    EXPECT_TRUE(exact.done);

    const auto chunked = parse(
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "40\r\n" +
        std::string(64, 'b') + "\r\n1\r\nb\r\n0\r\n\r\n");
    ASSERT_FALSE(chunked.fed);
    EXPECT_EQ(chunked.status, 413U);

    const auto huge = parse(
        "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "ffffffffffffffff\r\n");
    ASSERT_FALSE(huge.fed);
}

TEST(RequestParser, BoundsChunkExtensionsAndTrailers) {
    const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_FALSE(parse(head + "1;" + std::string(2000, 'e')).fed);
    EXPECT_FALSE(parse(head + "0\r\nT: " + std::string(2000, 't')).fed);
}

TEST(RequestParser, RefusesWhatIsMalformed) {
    const std::vector<std::string> cases{
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "G\x01T / HTTP/1.1\r\nHost: h\r\n\r\n",
        std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28),
        get("/", "Host h\r\n"),
        get("/", "Host: h\r\nA b: c\r\n"),
        get("/", "Host: h\r\nA : c\r\n"),
        get("/", "Host: h\r\n: c\r\n"),
        get("/", "Host: h\r\nA: \x01\r\n"),
        get("/", ""),                        // no Host
        get("/", "Host: a\r\nHost: b\r\n"),  // two of them
        get("relative"),
        get("*"),
        get("/%"),
        get("/%2"),
        get("/%zz"),
        get("/a%00b"),
        get("/a/../b"),
        get("/a/%2e%2E/b"),
        get("/a/..%2f../b"),
        get("/a%2Fb"),
        get("/./b"),
        get("/?a=%4"),
        get("/", "Host: h\r\nContent-Length: x\r\n"),
        get("/", "Host: h\r\nContent-Length: -1\r\n"),
        get("/", "Host: h\r\nContent-Length: 99999999999999999999\r\n"),
        get("/", "Host: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n"),
        get("/", "Host: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        get("/", "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
        get("/", "Host: h\r\nTransfer-Encoding: chunked\r\n") + "zz\r\n",
        get("/", "Host: h\r\nTransfer-Encoding: chunked\r\n") + "1\r\nabc\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (const std::string& text : cases) {
        const Outcome outcome = parse(text);
        ASSERT_FALSE(outcome.fed) << text;
        EXPECT_TRUE(outcome.fed.error().is(Refusal::kMalformed)) << text;
        EXPECT_EQ(outcome.status, 400U) << text;
    }
}

TEST(RequestParser, RefusesOtherVersionsAndCodings) {
    EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: h\r\n\r\n").status, 505U);
    EXPECT_EQ(parse("GET / HTTX/1.1\r\nHost: h\r\n\r\n").status, 505U);
    EXPECT_EQ(parse("GET / HTTP/0.9\r\nHost: h\r\n\r\n").status, 505U);
    for (const char* coding : {"gzip", "gzip, chunked", "chunked, chunked"}) {
        const auto outcome =
            parse(get("/", "Host: h\r\nTransfer-Encoding: " + std::string(coding) + "\r\n"));
        EXPECT_FALSE(outcome.fed) << coding;
        EXPECT_TRUE(outcome.status == 501U || outcome.status == 400U) << coding;
    }
}

}  // namespace
}  // namespace assay::http
