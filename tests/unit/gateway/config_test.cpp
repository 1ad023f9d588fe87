#include "gateway/config.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

std::string error_of(std::string_view text) {
    const auto config = parse_config(text, "/member", "assay.toml");
    return config ? "none" : config.error().to_string();
}

TEST(Config, ReadsEveryKey) {
    const auto config = parse_config(R"(
name = "gw-1"
[operator]
listen = "127.0.0.1:1"
[peer]
listen = "0.0.0.0:2"
connect = ["oem.example:8471", "[::1]:9"]
[content]
listen = "0.0.0.0:3"
sources = ["https://oem.example:8472", "car+http://127.0.0.1:8080", "kubo+http://127.0.0.1:5001"]
routers = ["http://127.0.0.1:8190"]
allow = ["000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"]
public_listen = "127.0.0.1:8474"
announce = "http://oem.example:8080"
publish = "http://127.0.0.1:5001"
collect_every = "2h"
scrub_every = "30d"
scrub_share = 0.5
[consortium]
genesis = "c.genesis"
keep_blocks = 2000
[gateway]
genesis = "/elsewhere/g.genesis"
keep_blocks = 1024
anchor_age = "10m"
anchor_blocks = 16
[devices]
offer = "rollouts"
bytes_per_s = 1000000
site_bytes_per_s = 2000
site_downloads_max = 7
requests_per_s = 3
listen = "0.0.0.0:4"
url = "https://gateway.example:8473"
[factory]
requests_per_s = 7
[mining]
engine = "opencl:0"
share = 0.5
[compute]
engine = "cpu"
[engines]
binary = "engines.bin"
cache = "/var/cache/assay"
[receipts]
flush_age = "5m"
flush_count = 100
)",
                                     "/member", "assay.toml");
    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->name, "gw-1");
    EXPECT_EQ(config->operator_listen, "127.0.0.1:1");
    EXPECT_EQ(config->peer_connect, (std::vector<std::string>{"oem.example:8471", "[::1]:9"}));
    using ipfs::Source;
    const std::vector<Source> sources{Source("https://oem.example:8472"),
                                      Source("http://127.0.0.1:8080", Source::Kind::kCars),
                                      Source("http://127.0.0.1:5001", Source::Kind::kKubo)};
    EXPECT_EQ(config->content_sources, sources);
    EXPECT_EQ(config->content_routers, std::vector<std::string>{"http://127.0.0.1:8190"});
    ASSERT_EQ(config->content_allow.size(), 1U);
    EXPECT_EQ(std::to_integer<int>(config->content_allow.front().bytes[31]), 0x1f);
    EXPECT_EQ(config->content_public_listen, "127.0.0.1:8474");
    EXPECT_EQ(config->content_announce, "http://oem.example:8080");
    EXPECT_EQ(config->content_publish, "http://127.0.0.1:5001");
    EXPECT_EQ(config->collect_every, std::chrono::hours(2));
    EXPECT_EQ(config->scrub_every, std::chrono::hours(30 * 24));
    EXPECT_EQ(config->scrub_share, 0.5);
    EXPECT_EQ(config->consortium_genesis, "/member/c.genesis");
    EXPECT_EQ(config->gateway_genesis, std::filesystem::path("/elsewhere/g.genesis"));
    EXPECT_EQ(config->consortium_keep_blocks, 2'000U);
    EXPECT_EQ(config->gateway_keep_blocks, 1'024U);
    EXPECT_EQ(config->devices_listen, "0.0.0.0:4");
    EXPECT_EQ(config->devices_url, "https://gateway.example:8473");
    EXPECT_EQ(config->factory_listen, "127.0.0.1:8474");
    EXPECT_EQ(config->factory_requests_per_s, 7U);
    EXPECT_FALSE(config->offer_outside_rollouts);
    EXPECT_EQ(config->pace.bytes_per_s, 1'000'000U);
    EXPECT_EQ(config->pace.site_bytes_per_s, 2'000U);
    EXPECT_EQ(config->pace.site_downloads_max, 7U);
    EXPECT_EQ(config->device_requests_per_s, 3U);
    EXPECT_EQ(config->mining_engine, "opencl:0");
    EXPECT_EQ(config->mining_share, 0.5);
    EXPECT_EQ(config->compute_engine, "cpu");
    EXPECT_EQ(config->engine_binary, "/member/engines.bin");
    EXPECT_EQ(config->engine_cache, std::filesystem::path("/var/cache/assay"));
    EXPECT_EQ(config->receipts_flush_age, std::chrono::seconds(300));
    EXPECT_EQ(config->receipts_flush_count, 100U);
    EXPECT_EQ(config->anchors.age, std::chrono::minutes(10));
    EXPECT_EQ(config->anchors.blocks, 16U);
}

TEST(Config, AMemberWithoutAGatewayTableIsNoGateway) {
    const auto config = parse_config("name = \"oem\"", "/member", "assay.toml");
    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_FALSE(config->gateway_genesis);
    EXPECT_TRUE(config->engine_binary.empty());
    EXPECT_FALSE(config->engine_cache);
    EXPECT_EQ(config->consortium_keep_blocks, 0U) << "all";
    EXPECT_EQ(config->consortium_genesis, "/member/consortium.genesis");
}

TEST(Config, ErrorsNameTheKeyAndWhatIsWrong) {
    EXPECT_NE(error_of("name = \"x\"\n[mining]\nshares = 1").find("shares"), std::string::npos);
    EXPECT_NE(error_of("").find("name"), std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[mining]\nshare = 0.0").find("share"), std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[mining]\nshare = 1.5").find("share"), std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[peer]\nconnect = [\"nowhere\"]").find("nowhere"),
              std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[content]\nsources = [\"https://a/b\"]").find("https://a/b"),
              std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[receipts]\nflush_age = \"60\"").find("flush_age"),
              std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[consortium]\nkeep_blocks = 1023").find("at least 1024"),
              std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[gateway]\nanchor_blocks = 0").find("anchor_blocks"),
              std::string::npos);
    EXPECT_NE(error_of("name = \"x\"\n[receipts]\nflush_count = 20000").find("flush_count"),
              std::string::npos);
}

TEST(Config, ABadWordForContentIsShownWithOnesThatAreGood) {
    const auto error = [](const std::string& line) {
        return error_of("name = \"x\"\n[content]\n" + line);
    };
    for (const char* const bad : {"oem.example:8472", "ipfs+http://a", "kubo+http://a/api/v0",
                                  "car+ftp://a", "kubo+", "http://a/"}) {
        const std::string text = error("sources = [\"" + std::string(bad) + "\"]");
        EXPECT_NE(text.find("\"" + std::string(bad) + "\" is not a source"), std::string::npos)
            << text;
        EXPECT_NE(text.find("kubo+http://127.0.0.1:5001"), std::string::npos) << text;
        EXPECT_NE(text.find("assay.toml:3"), std::string::npos) << text;
    }
    EXPECT_NE(error("sources = [\"http://a\", \"http://a\"]").find("twice"), std::string::npos);
    EXPECT_EQ(error("sources = [\"http://a\", \"car+http://a\"]"), "none") << "asked in both ways";
    EXPECT_NE(error("routers = [\"http://a/routing/v1\"]").find("is not a router like"),
              std::string::npos);
    EXPECT_NE(error("routers = [\"kubo+http://a\"]").find("is not a router like"),
              std::string::npos);
    EXPECT_NE(error("publish = \"kubo+http://a\"").find("is not the RPC of a Kubo node like"),
              std::string::npos);
    EXPECT_NE(error("scrub_every = \"100ms\"").find("at least \"1s\""), std::string::npos);
    EXPECT_EQ(error("scrub_every = \"0s\"\ncollect_every = \"0s\""), "none") << "never";
    EXPECT_NE(error("scrub_share = 0.0").find("scrub_share"), std::string::npos);
}

TEST(Config, AWildcardIsNoAddressThatDevicesCouldBeTold) {
    for (const char* const wildcard : {"0.0.0.0:8473", "[::]:8473"}) {
        const std::string listen = "name = \"x\"\n[devices]\nlisten = \"" + std::string(wildcard) + "\"\n";
        EXPECT_NE(error_of(listen).find("url = \"https://"), std::string::npos) << error_of(listen);
        EXPECT_EQ(error_of(listen + "url = \"https://192.0.2.7:8473\""), "none");
    }
    EXPECT_EQ(error_of("name = \"x\"\n[devices]\nlisten = \"192.0.2.7:8473\""), "none");
}

TEST(Config, TheOperatorListensOnLoopbackOnly) {
    EXPECT_NE(error_of("name = \"x\"\n[operator]\nlisten = \"0.0.0.0:8470\"").find("loopback"),
              std::string::npos);
    for (const char* const fine : {"127.0.0.1:1", "[::1]:1", "localhost:1", "127.1.2.3:1"}) {
        EXPECT_EQ(error_of("name = \"x\"\n[operator]\nlisten = \"" + std::string(fine) + "\""),
                  "none");
    }
}

}  // namespace
}  // namespace assay::gateway
