#include "host/http/url.hpp"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

TEST(ParseUrl, SplitsAUrl) {
    const auto url = parse_url("https://Gateway.Example:8443/v1/status?a=b%20c");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->tls);
    EXPECT_EQ(url->host, "gateway.example");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->target, "/v1/status?a=b%20c");
    EXPECT_EQ(url->authority(), "gateway.example:8443");
}

TEST(ParseUrl, SuppliesPortAndPath) {
    EXPECT_EQ(parse_url("http://h")->port, 80);
    EXPECT_EQ(parse_url("https://h")->port, 443);
    EXPECT_EQ(parse_url("http://h")->target, "/");
    EXPECT_EQ(parse_url("http://h?q")->target, "/?q");
    EXPECT_EQ(parse_url("https://h:443/")->authority(), "h");
    EXPECT_EQ(parse_url("http://h:443/")->authority(), "h:443");
}

TEST(ParseUrl, KnowsIpv6Literals) {
    const auto url = parse_url("http://[2001:DB8::1]:8080/x");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "2001:db8::1");
    EXPECT_EQ(url->authority(), "[2001:db8::1]:8080");
}

TEST(ParseUrl, RefusesWhatIsNotOne) {
    for (const char* text : {"",
                             "http:",
                             "http://",
                             "ftp://h/",
                             "HTTP://h/",
                             "//h/",
                             "h",
                             "http://user@h/",
                             "http://u:p@h/",
                             "http://h:0/",
                             "http://h:65536/",
                             "http://h:/",
                             "http://h:80x/",
                             "http://[::1/",
                             "http://[]/",
                             "http://[zz::]/",
                             "http://a b/",
                             "http://h/a b",
                             "http://h/%zz",
                             "http://h/#part",
                             "http://h/\"",
                             "http://h/\r\nX: y",
                             "http://h\\x/"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_TRUE(url.error().is(Refusal::kMalformed)) << text;
    }
    EXPECT_FALSE(parse_url("http://h/" + std::string(9000, 'a')));
}

TEST(IsServerUrl, TakesNothingBehindTheServer) {
    EXPECT_TRUE(is_server_url("https://oem.example:8472"));
    EXPECT_TRUE(is_server_url("http://[2001:db8::1]"));
    for (const char* const other : {"http://a/", "http://a/ipfs", "http://a?b", "a:80", "ftp://a", ""}) {
        EXPECT_FALSE(is_server_url(other)) << other;
    }
}

TEST(ParseEndpoint, NeedsHostAndPort) {
    EXPECT_EQ(parse_endpoint("127.0.0.1:0")->port, 0);
    EXPECT_EQ(parse_endpoint("[::1]:80")->host, "::1");
    EXPECT_EQ(parse_endpoint("node-1.example:4001")->host, "node-1.example");
    for (const char* text : {"", ":", "h", "h:", ":80", "h:80:90", "::1:80", "[::1]", "h:-1"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(PercentDecode, IsStrict) {
    EXPECT_EQ(percent_decode("a%20%41"), "a A");
    EXPECT_EQ(percent_decode("%c3%A9"), "\u00e9");
    for (const char* text : {"%", "%4", "a%", "%4g", "%%41", "% 1", "%-1", "%+1"}) {
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    }
}

TEST(PercentEncode, IsUndoneByDecoding) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
    EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
}

TEST(ParseQuery, SplitsPairs) {
    const auto query = parse_query("a=1&b&c=x+y%2B&&a=2");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->size(), 4U);
    EXPECT_EQ(find_parameter(*query, "a"), "1");
    EXPECT_EQ(find_parameter(*query, "b"), "");
    EXPECT_EQ(find_parameter(*query, "c"), "x y+");
    EXPECT_TRUE(parse_query("")->empty());
    EXPECT_FALSE(parse_query("a=%"));
}

}  // namespace
}  // namespace assay::http
