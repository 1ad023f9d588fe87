#include "host/http/router.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_awaitable.hpp"

namespace assay::http {
namespace {

Handler named(std::string name) {
    return [name](Request request) -> boost::asio::awaitable<Response> {
        std::string text = name;
        for (const auto& [key, value] : request.path_values) text += " " + key + "=" + value;
        co_return Response(200, "text/plain", text);
    };
}

Router make_router() {
    Router router;
    router.get("/", named("root"));
    router.get("/v1/status", named("status"));
    router.get("/v1/devices/{device}", named("device"));
    router.put("/v1/devices/{device}", named("put-device"));
    router.get("/v1/devices/self", named("self"));
    router.post("/v1/{ledger}/blocks/{height}", named("block"));
    router.get("/files/{path...}", named("file"));
    router.get("/files/{name}", named("one-file"));
    return router;
}

Response ask(std::string method, std::string path) {
    static const Router router = make_router();
    boost::asio::io_context io;
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return test::run_awaitable(io, router(std::move(request)));
}

TEST(Router, FindsLiteralPathsAndValues) {
    EXPECT_EQ(ask("GET", "/").text(), "root");
    EXPECT_EQ(ask("GET", "/v1/status").text(), "status");
    EXPECT_EQ(ask("GET", "/v1/devices/d-1").text(), "device device=d-1");
    EXPECT_EQ(ask("PUT", "/v1/devices/d-1").text(), "put-device device=d-1");
    EXPECT_EQ(ask("POST", "/v1/gateway/blocks/7").text(), "block ledger=gateway height=7");
}

TEST(Router, PrefersLiteralThenOneSegmentThenTheRest) {
    EXPECT_EQ(ask("GET", "/v1/devices/self").text(), "self");
    EXPECT_EQ(ask("GET", "/files/a").text(), "one-file name=a");
    EXPECT_EQ(ask("GET", "/files/a/b%20c/d").text(), "file path=a/b c/d");
}

TEST(Router, DecodesSegmentsAfterSplitting) {
    EXPECT_EQ(ask("GET", "/v1/devices/a%2Fb").text(), "device device=a/b");
    EXPECT_EQ(ask("GET", "/v1/%73tatus").text(), "status");
}

TEST(Router, AnswersUnknownPathsWith404) {
    for (const char* path : {"/v1", "/v1/", "/v1/status/", "/v1/devices/", "/v1/devices/a/b",
                             "/files", "/files/", "/V1/status"}) {
        const Response response = ask("GET", path);
        EXPECT_EQ(response.status, 404U) << path;
        EXPECT_NE(response.text().find("\"word\":\"not-found\""), std::string_view::npos);
    }
}

TEST(Router, AnswersUnknownMethodsWith405AndAllow) {
    const Response response = ask("DELETE", "/v1/devices/d");
    EXPECT_EQ(response.status, 405U);
    EXPECT_EQ(response.header("Allow"), "GET, HEAD, PUT");
    EXPECT_NE(response.text().find("\"word\":\"method-not-allowed\""), std::string_view::npos);
    EXPECT_EQ(ask("GET", "/v1/gateway/blocks/7").header("Allow"), "POST");
    EXPECT_EQ(ask("get", "/v1/status").status, 405U);  // methods have case
}

TEST(Router, LetsGetAnswerHead) { EXPECT_EQ(ask("HEAD", "/v1/status").text(), "status"); }

TEST(Router, ListsItsRoutes) {
    const Router router = make_router();
    ASSERT_EQ(router.routes().size(), 8U);
    EXPECT_EQ(router.routes()[3].method, "PUT");
    EXPECT_EQ(router.routes()[3].pattern, "/v1/devices/{device}");
}

}  // namespace
}  // namespace assay::http
