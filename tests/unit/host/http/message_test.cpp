#include "host/http/message.hpp"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

TEST(Headers, IgnoreCaseInNames) {
    Headers headers;
    headers.add("Content-Type", "text/plain");
    EXPECT_EQ(headers.find("content-TYPE"), "text/plain");
    EXPECT_EQ(headers.find("Content-Typ"), std::nullopt);
    EXPECT_EQ(headers.find("Content-Types"), std::nullopt);
}

TEST(Headers, SetReplacesAllFieldsOfTheName) {
    Headers headers;
    headers.add("Via", "a");
    headers.add("Host", "h");
    headers.add("via", "b");
    EXPECT_EQ(headers.count("VIA"), 2U);
    EXPECT_EQ(headers.find("Via"), "a");
    headers.set("VIA", "c");
    EXPECT_EQ(headers.count("via"), 1U);
    EXPECT_EQ(headers.find("via"), "c");
    EXPECT_EQ(headers.find("Host"), "h");
}

TEST(Problem, HasTheMembersOfRfc9457AndTheWord) {
    const Response response = problem(413, Refusal::kLimitExceeded, "body of \"x\"\n");
    EXPECT_EQ(response.status, 413U);
    EXPECT_EQ(response.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(
        response.text(),
        "{\"type\":\"/problems/limit-exceeded\",\"title\":\"Content Too Large\","
        "\"status\":413,\"detail\":\"body of \\\"x\\\"\\u000a\",\"word\":\"limit-exceeded\"}\n");
}

TEST(Problem, TakesWordAndDetailFromAnError) {
    const Error refusal(make_error_code(Refusal::kBlockHashMismatch), "block bafk");
    EXPECT_NE(problem(502, refusal).text().find("\"word\":\"block-hash-mismatch\""),
              std::string_view::npos);
    const Error disk(std::make_error_code(std::errc::no_space_on_device), "store");
    EXPECT_NE(problem(500, disk).text().find("\"word\":\"internal-error\""),
              std::string_view::npos);
}

TEST(JsonQuote, EscapesWhatJsonForbids) {
    EXPECT_EQ(json_quote("a\"b\\c\x01\x7f"), "\"a\\\"b\\\\c\\u0001\\u007f\"");
}

TEST(JsonQuote, KeepsUtf8AndReplacesWhatIsNot) {
    EXPECT_EQ(json_quote("\u00e9\u20ac\U0001f600"), "\"\u00e9\u20ac\U0001f600\"");
    EXPECT_EQ(json_quote("\xc3"), "\"\\ufffd\"");                               // cut short
    EXPECT_EQ(json_quote("\xc0\xaf"), "\"\\ufffd\\ufffd\"");                    // overlong slash
    EXPECT_EQ(json_quote("\xed\xa0\x80").find("\xed"), std::string::npos);      // surrogate
    EXPECT_EQ(json_quote("\xf4\x90\x80\x80").find("\xf4"), std::string::npos);  // > U+10FFFF
    EXPECT_EQ(json_quote("\x80 a"), "\"\\ufffd a\"");
}

}  // namespace
}  // namespace assay::http
