#include <gtest/gtest.h>

#include "gateway/api/api_support.hpp"

namespace assay::gateway {
namespace {

http::Request with(std::string_view authorization) {
    http::Request request;
    if (!authorization.empty()) request.headers.set("Authorization", std::string(authorization));
    return request;
}

TEST(OperatorToken, LetsTheTokenPassAndNothingElse) {
    const OperatorToken token("0123456789abcdef");
    EXPECT_FALSE(token.refuse(with("Bearer 0123456789abcdef")));
    for (const char* const wrong :
         {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
          "0123456789abcdef", "Basic 0123456789abcdef", "bearer 0123456789abcdeF"}) {
        const auto refusal = token.refuse(with(wrong));
        ASSERT_TRUE(refusal) << wrong;
        EXPECT_EQ(refusal->status, 401U);
        EXPECT_EQ(refusal->header("WWW-Authenticate"), "Bearer");
    }
}

TEST(ProblemOf, StatusTellsWhoIsToBlame) {
    EXPECT_EQ(problem_of(Error(make_error_code(Refusal::kSignerUnknown), "x")).status, 422U);
    EXPECT_EQ(problem_of(Error(make_error_code(Refusal::kMalformed), "x")).status, 400U);
    EXPECT_EQ(problem_of(Error(make_error_code(Refusal::kMempoolFull), "x")).status, 503U);
    EXPECT_EQ(problem_of(Error(make_error_code(Refusal::kReleaseUnknown), "x")).status, 404U);
    EXPECT_EQ(problem_of(Error(std::make_error_code(std::errc::io_error), "x")).status, 500U);
    EXPECT_EQ(
        problem_of(Error(std::make_error_code(std::errc::resource_unavailable_try_again), "x"))
            .status,
        503U);
}

}  // namespace
}  // namespace assay::gateway
