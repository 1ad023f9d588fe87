// The operator listener, the content listener and the folder's lock, on running daemons.

#include <gtest/gtest.h>

#include "gateway/transport.hpp"
#include "tests/integration/gateway/daemons.hpp"

namespace assay::gateway {
namespace {

using test::Consortium;
using test::eventually;

class OperatorApi : public testing::Test {
  protected:
    static void SetUpTestSuite() { world = new Consortium; }
    static void TearDownTestSuite() {
        delete world;
        world = nullptr;
    }
    static http::Response request(const std::string& method,
                                  const std::string& path,
                                  const std::string& token = {},
                                  std::string_view body = {}) {
        http::ClientRequest request(method, "http://" + world->gw.address("operator") + path);
        if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
        request.body = to_bytes(body);
        auto response = http::request_blocking(std::move(request));
        EXPECT_TRUE(response) << response.error().to_string();
        return response.value_or(http::Response(599));
    }
    static std::string word_of(const http::Response& response) {
        EXPECT_EQ(response.header("Content-Type"), "application/problem+json");
        return std::string(boost::json::parse(response.text()).at("word").as_string());
    }

    static Consortium* world;
};
Consortium* OperatorApi::world = nullptr;

TEST_F(OperatorApi, SaysThatItLivesAndIsReady) {
    EXPECT_EQ(request("GET", "/livez").status, 200U);
    EXPECT_EQ(request("GET", "/readyz").status, 200U);
}

TEST_F(OperatorApi, StatusNamesRolesEnginesAndLedgers) {
    const auto status = world->gw.get("/v1/status");
    EXPECT_EQ(status.at("name").as_string(), "gw");
    EXPECT_EQ(boost::json::serialize(status.at("roles")), "[\"node\",\"gateway\"]");
    EXPECT_TRUE(status.at("engines").at("mine").as_string().starts_with("cpu:"));
    EXPECT_TRUE(status.at("engines").at("hash").as_string().starts_with("cpu:"));
    const auto& engines = status.at("engines").at("list").as_array();
    const auto ready = [](const auto& engine) { return engine.at("state") == "ready"; };
    EXPECT_TRUE(std::any_of(engines.begin(), engines.end(), ready));
    EXPECT_EQ(status.at("consortium").at("members"), 2);
    EXPECT_EQ(status.at("gateway").at("members"), 1);
    EXPECT_EQ(status.at("consortium").at("chain_id").as_string().size(), 64U);
    EXPECT_EQ(status.at("receipts").at("stored"), 0);
    EXPECT_FALSE(world->oem.get("/v1/status").contains("gateway")) << "the OEM is no gateway";
}

TEST_F(OperatorApi, ReadsAreOpenAndWritesWantTheToken) {
    for (const char* const path : {"/v1/ledgers/consortium/transactions", "/v1/devices"}) {
        EXPECT_EQ(request("POST", path).status, 401U) << path;
        EXPECT_EQ(request("POST", path, "guess").status, 401U) << path;
    }
    const std::string token = read_operator_token(world->gw.folder()).value();
    EXPECT_EQ(request("POST", "/v1/devices", token, "{}").status, 400U);
    EXPECT_EQ(request("GET", "/v1/devices").status, 200U);
}

TEST_F(OperatorApi, ShowsBlocksAndSaysWhatIsNotThere) {
    const auto genesis =
        boost::json::parse(request("GET", "/v1/ledgers/consortium/blocks/0").text());
    EXPECT_EQ(genesis.at("height"), 0);
    EXPECT_TRUE(genesis.at("transactions").as_array().empty());
    EXPECT_EQ(word_of(request("GET", "/v1/ledgers/consortium/blocks/999999")), "block-unknown");
    EXPECT_EQ(word_of(request("GET", "/v1/ledgers/consortium/blocks/-1")), "malformed");
    EXPECT_EQ(word_of(request("GET", "/v1/ledgers/other/blocks/0")), "ledger-unknown");
    EXPECT_EQ(word_of(request("GET", "/v1/ledgers/gateway/transactions/00")), "malformed");
    const std::string nobody(64, '0');
    EXPECT_EQ(word_of(request("GET", "/v1/ledgers/gateway/transactions/" + nobody)),
              "transaction-unknown");
    EXPECT_EQ(word_of(request("GET", "/v1/releases/" + nobody + "/proof")), "release-unknown");
    EXPECT_EQ(word_of(request("GET", "/v1/policies/nobody.example")), "vendor-policy-missing");
}

TEST_F(OperatorApi, RefusesATransactionWithItsWordAndCountsIt) {
    const std::string token = read_operator_token(world->gw.folder()).value();
    const auto before = world->gw.refusals("malformed");
    const auto response =
        request("POST", "/v1/ledgers/consortium/transactions", token, "not a transaction");
    EXPECT_EQ(response.status, 400U);
    EXPECT_EQ(word_of(response), "malformed");
    EXPECT_EQ(world->gw.refusals("malformed"), before + 1);
}

TEST_F(OperatorApi, ContentIsForMembersOnly) {
    const std::string url =
        "https://" + world->oem.address("content") + "/ipfs/bafkqaaa?format=raw";
    const auto& registry_folder = world->gw.folder();
    const auto identity = load_member_identity(registry_folder).value();
    http::TlsOptions member(http::TlsRole::kClient, identity.certificate_pem, identity.key_pem);
    member.accept = [](const http::PeerIdentity&) { return true; };
    const auto response = http::request_blocking(http::ClientRequest("GET", url),
                                                 http::TlsContext::make(member).value());
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 200U);

    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    const auto stranger_identity = crypto::make_self_signed(key, "stranger", 1).value();
    http::TlsOptions stranger(http::TlsRole::kClient, stranger_identity.certificate_pem,
                              stranger_identity.key_pem);
    stranger.accept = member.accept;
    EXPECT_FALSE(http::request_blocking(http::ClientRequest("GET", url),
                                        http::TlsContext::make(stranger).value()));
}

TEST_F(OperatorApi, OneDaemonAFolder) {
    const auto second = App::create(world->gw.folder());
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(std::errc::resource_unavailable_try_again));
    cli::FolderOptions options;
    options.dir = world->gw.folder().dir();
    const auto outcome = cli::run_daemon(options);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, cli::ExitCode::kLocked);
}

}  // namespace
}  // namespace assay::gateway
