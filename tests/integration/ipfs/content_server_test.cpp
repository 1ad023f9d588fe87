#include "host/ipfs/content_server.hpp"

#include "host/crypto/sha256.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/delegated_routing.hpp"
#include "tests/integration/ipfs/gateway_fixture.hpp"
#include "tests/support/chacha20_file.hpp"

namespace assay::ipfs {
namespace {

constexpr const char* kRawType = "application/vnd.ipld.raw";

// What a CAR holds, in its order; empty if it is none.
std::vector<Cid> cids_of(const http::Response& response) {
    CarReader reader;
    reader.feed(response.body);
    std::vector<Cid> cids;
    for (;;) {
        const auto block = reader.next();
        EXPECT_TRUE(block) << block.error().to_string();
        if (!block || !*block) return cids;
        cids.push_back((*block)->cid().value());
        EXPECT_EQ(cids.back().sha256(), crypto::sha256((*block)->bytes));
    }
}

class ContentServer : public test::GatewayTest {
  protected:
    ContentServer() { EXPECT_TRUE(origin_.put(cid_, as_bytes("application/vnd.ipld.raw\n"))); }

    http::Response ask(std::string method,
                       const std::string& path,
                       const std::vector<http::Headers::Field>& headers = {}) {
        auto response = try_to_ask(std::move(method), path, headers);
        EXPECT_TRUE(response) << response.error().to_string();
        return std::move(*response);
    }
    Result<http::Response> try_to_ask(std::string method,
                                      const std::string& path,
                                      const std::vector<http::Headers::Field>& headers = {}) {
        http::ClientRequest request(std::move(method), gateway_.source().url + path);
        for (const auto& [name, value] : headers) request.headers.set(name, value);
        return fetch_response(std::move(request));
    }
    Result<http::Response> fetch_response(http::ClientRequest request) {
        request.body_bytes_max = 8U << 20;
        std::optional<Result<http::Response>> outcome;
        boost::asio::co_spawn(io_, client_.request(std::move(request)),
                              [&](std::exception_ptr, Result<http::Response> response) {
                                  outcome.emplace(std::move(response));
                                  io_.stop();
                              });
        io_.restart();
        io_.run();
        return std::move(*outcome);
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
    EXPECT_EQ(get(path_ + "?format=tar").status, 406U);
    EXPECT_EQ(get(path_ + "/below?format=raw").status, 400U);
    EXPECT_EQ(get(path_ + "/below?format=car").status, 404U);
    EXPECT_EQ(get("/ipfs/" + absent_.to_string() + "?format=car").status, 404U);
    EXPECT_EQ(get("/ipns/" + cid_.to_string() + "?format=ipns-record").status, 404U);
    EXPECT_EQ(get("/ipns/" + cid_.to_string()).status, 406U);
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

TEST_F(ContentServer, SendsAFileAsACarInItsOrder) {
    const ImportProfile profile{"4 KiB", 4096, kWidthMin, LeafFormat::kRaw};
    const auto published = publish(assay::test::chacha20_bytes("car", 300 * 4096 + 7), profile);
    const std::string path = "/ipfs/" + published.cid.to_string() + "?format=car";
    const auto whole = get(path);
    EXPECT_EQ(whole.header("Content-Type"), "application/vnd.ipld.car; version=1; order=dfs; dups=n");
    EXPECT_EQ(whole.header("Accept-Ranges"), "none");
    const auto cids = cids_of(whole);
    ASSERT_EQ(cids.size(), 1U + 3U + 301U);
    EXPECT_EQ(cids[0], published.cid);
    EXPECT_EQ(cids[2], Cid::raw_sha256(published.chunk_digests[0]));
    EXPECT_EQ(cids.back(), Cid::raw_sha256(published.chunk_digests.back()));

    // Root, second parent and the chunks 200 and 201.
    const auto part = get(path + "&dag-scope=entity&entity-bytes=819200:827391");
    EXPECT_EQ(cids_of(part).size(), 4U);
    EXPECT_NE(part.header("ETag"), whole.header("ETag"));
    EXPECT_EQ(cids_of(get(path + "&dag-scope=block")).size(), 1U);
    EXPECT_EQ(cids_of(get(path + "&entity-bytes=99999999:*")).size(), 1U);
    EXPECT_TRUE(ask("HEAD", path).body.empty());
    const std::string etag(*whole.header("ETag"));
    EXPECT_EQ(get(path, {{"If-None-Match", etag}}).status, 304U);
}

TEST_F(ContentServer, SendsEqualBlocksAsOftenAsIsWanted) {
    const ImportProfile profile{"4 KiB", 4096, kWidthMin, LeafFormat::kRaw};
    const auto published = publish(Bytes(200 * 4096), profile);
    const std::string path = "/ipfs/" + published.cid.to_string() + "?format=car";
    EXPECT_EQ(cids_of(get(path)).size(), 1U + 2U + 1U);
    EXPECT_EQ(cids_of(get(path + "&car-dups=y")).size(), 1U + 2U + 200U);
}

// A14: half an archive must not look like a whole one.
TEST_F(ContentServer, CutsACarThatLacksABlock) {
    const ImportProfile profile{"4 KiB", 4096, kWidthMin, LeafFormat::kRaw};
    const auto published = publish(assay::test::chacha20_bytes("cut", 10 * 4096), profile);
    ASSERT_TRUE(origin_.remove(Cid::raw_sha256(published.chunk_digests[7])));
    const std::string path = "/ipfs/" + published.cid.to_string() + "?format=car";
    EXPECT_FALSE(try_to_ask("GET", path));
    // What does not need the missing block is served.
    EXPECT_EQ(cids_of(get(path + "&dag-scope=entity&entity-bytes=0:8191")).size(), 3U);
}

TEST_F(ContentServer, TellsWhoHasABlock) {
    http::Router routes;
    const auto self = [] { return Provider{"12D3KooWself", {"/ip4/192.0.2.1/tcp/80/http"}}; };
    add_routing_routes(routes, {origin_, client_, self, {}}, test::anybody);
    auto server =
        http::Server::listen(io_.get_executor(), http::ServerOptions(), std::cref(routes)).value();
    server->start();
    const auto providers = [&](const Cid& cid, const std::string& query) {
        http::ClientRequest request("GET", "http://" + server->address() +
                                               "/routing/v1/providers/" + cid.to_string() + query);
        return fetch_response(std::move(request)).value();
    };
    const auto found = decode_providers(providers(cid_, "").text());
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().peer_id, "12D3KooWself");
    EXPECT_TRUE(decode_providers(providers(absent_, "").text())->empty());
    EXPECT_EQ(providers(absent_, "").status, 200U);
    EXPECT_TRUE(decode_providers(providers(cid_, "?filter-addrs=https").text())->empty());
    EXPECT_EQ(decode_providers(providers(cid_, "?filter-addrs=http,!p2p").text())->size(), 1U);
    EXPECT_TRUE(decode_providers(providers(cid_, "?filter-protocols=x").text())->empty());

    // A second appliance, which knows the first and has nothing itself.
    http::Router others;
    add_routing_routes(others, {store_, client_, self, {"http://" + server->address()}},
                       test::anybody);
    auto other =
        http::Server::listen(io_.get_executor(), http::ServerOptions(), std::cref(others)).value();
    other->start();
    http::ClientRequest request(
        "GET", "http://" + other->address() + "/routing/v1/providers/" + cid_.to_string());
    request.headers.set("Accept", "application/x-ndjson");
    const auto lines = fetch_response(std::move(request)).value();
    EXPECT_EQ(lines.header("Content-Type"), "application/x-ndjson");
    EXPECT_NE(lines.text().find("12D3KooWself"), std::string_view::npos);
}

TEST_F(ContentServer, AsksWhoMayRead) {
    http::Router router;
    add_content_routes(router, origin_, pool_,
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
