#include "host/ipfs/content_server.hpp"

#include "host/crypto/sha256.hpp"
#include "tests/integration/ipfs/gateway_fixture.hpp"

namespace assay::ipfs {
namespace {

constexpr const char* kRawType = "application/vnd.ipld.raw";

class ContentServer : public test::GatewayTest {
  protected:
    ContentServer() { EXPECT_TRUE(origin_.put(cid_, as_bytes("application/vnd.ipld.raw\n"))); }

    http::Response ask(std::string method,
                       const std::string& path,
                       const std::vector<http::Headers::Field>& headers = {}) {
        http::ClientRequest request(std::move(method), gateway_.source().url + path);
        for (const auto& [name, value] : headers) request.headers.set(name, value);
        std::optional<Result<http::Response>> outcome;
        boost::asio::co_spawn(io_, client_.request(std::move(request)),
                              [&](std::exception_ptr, Result<http::Response> response) {
                                  outcome.emplace(std::move(response));
                                  io_.stop();
                              });
        io_.restart();
        io_.run();
        EXPECT_TRUE(*outcome) << outcome->error().to_string();
        return std::move(**outcome);
    }
    http::Response get(const std::string& path,
                       const std::vector<http::Headers::Field>& headers = {}) {
        return ask("GET", path, headers);
    }

    const Cid cid_ = Cid::raw_sha256(crypto::sha256(as_bytes("application/vnd.ipld.raw\n")));
    const Cid absent_ = Cid::raw_sha256(crypto::sha256(as_bytes("absent")));
    const std::string path_ = "/ipfs/" + cid_.to_string();
    test::Gateway gateway_{io_, origin_};
};

TEST_F(ContentServer, GivesARawBlockByFormatOrAccept) {
    for (const auto& response :
         {get(path_ + "?format=raw"), get(path_, {{"Accept", kRawType}}),
          get(path_, {{"Accept", "text/html;q=0.9, application/vnd.ipld.raw;q=0.5"}}),
          // The URL beats the field (IPIP-523).
          get(path_ + "?format=raw", {{"Accept", "application/vnd.ipld.car"}})}) {
        EXPECT_EQ(response.status, 200U);
        EXPECT_EQ(response.text(), "application/vnd.ipld.raw\n");
    }
}

TEST_F(ContentServer, SaysWhatTheSpecificationAsksFor) {
    const auto response = get(path_ + "?format=raw");
    EXPECT_EQ(response.header("Content-Type"), kRawType);
    EXPECT_EQ(response.header("Content-Length"), "25");
    EXPECT_EQ(response.header("ETag"), "\"" + cid_.to_string() + ".raw\"");
    EXPECT_EQ(response.header("Cache-Control"), "public, max-age=29030400, immutable");
    EXPECT_EQ(response.header("Content-Disposition"),
              "attachment; filename=\"" + cid_.to_string() + ".bin\"");
    EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.header("X-Ipfs-Path"), path_);
    EXPECT_EQ(response.header("X-Ipfs-Roots"), cid_.to_string());
}

TEST_F(ContentServer, AnswersHeadWithoutABody) {
    const auto response = ask("HEAD", path_ + "?format=raw");
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.header("Content-Length"), "25");
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(ask("HEAD", "/ipfs/" + absent_.to_string() + "?format=raw").status, 404U);
}

TEST_F(ContentServer, AnswersTheProbe) {
    EXPECT_EQ(get("/ipfs/bafkqaaa?format=raw").status, 200U);
    EXPECT_TRUE(get("/ipfs/bafkqaaa?format=raw").body.empty());
    EXPECT_EQ(ask("HEAD", "/ipfs/bafkqaaa?format=raw").status, 200U);
    EXPECT_EQ(get("/ipfs/bafkqabiaaebagba?format=raw").text(), std::string_view("\0\1\2\3\4", 5));
}

TEST_F(ContentServer, NamesABlockInAnyBase) {
    EXPECT_EQ(get("/ipfs/" + cid_.to_string(Base::kBase58Btc) + "?format=raw").status, 200U);
    EXPECT_EQ(get("/ipfs/" + cid_.to_string(Base::kBase36) + "?format=raw").status, 200U);
}

TEST_F(ContentServer, HasAStatusForEachWayToGoWrong) {
    const std::string absent = "/ipfs/" + absent_.to_string() + "?format=raw";
    EXPECT_EQ(get(absent).status, 404U);
    EXPECT_EQ(get(absent, {{"Cache-Control", "only-if-cached"}}).status, 412U);
    EXPECT_EQ(get(path_ + "?format=raw", {{"Cache-Control", "only-if-cached"}}).status, 200U);
    EXPECT_EQ(get("/ipfs/notacid?format=raw").status, 400U);
    EXPECT_EQ(get("/ipfs/..%2f..%2fetc?format=raw").status, 400U);
    EXPECT_EQ(get(path_).status, 400U);
    EXPECT_EQ(get(path_, {{"Accept", "*/*"}}).status, 400U);
    EXPECT_EQ(get(path_ + "?format=car").status, 406U);
    EXPECT_EQ(get(path_, {{"Accept", "text/html"}}).status, 406U);
    EXPECT_EQ(ask("POST", path_ + "?format=raw").status, 405U);
}

TEST_F(ContentServer, SavesABodyThatTheClientHas) {
    const std::string etag = "\"" + cid_.to_string() + ".raw\"";
    for (const std::string& value : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
        const auto response = get(path_ + "?format=raw", {{"If-None-Match", value}});
        EXPECT_EQ(response.status, 304U) << value;
        EXPECT_TRUE(response.body.empty());
        EXPECT_EQ(response.header("ETag"), etag);
    }
    EXPECT_EQ(get(path_ + "?format=raw", {{"If-None-Match", "\"other\""}}).status, 200U);
}

TEST_F(ContentServer, GivesARangeOfABlock) {
    const auto response = get(path_ + "?format=raw", {{"Range", "bytes=6-10"}});
    EXPECT_EQ(response.status, 206U);
    EXPECT_EQ(response.text(), "ation");
}

TEST_F(ContentServer, AsksWhoMayRead) {
    http::Router router;
    add_content_routes(router, origin_,
                       [](const http::PeerIdentity* peer) { return peer != nullptr; });
    std::optional<http::Response> response;
    http::Request request;
    request.method = "GET";
    request.path = path_;
    request.query = {{"format", "raw"}};
    boost::asio::co_spawn(io_, router(request), [&](std::exception_ptr, http::Response got) {
        response.emplace(std::move(got));
        io_.stop();
    });
    io_.restart();
    io_.run();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 403U);
    EXPECT_FALSE(response->file);
}

}  // namespace
}  // namespace assay::ipfs
