#include "host/ipfs/delegated_routing.hpp"

#include <gtest/gtest.h>

namespace assay::ipfs {
namespace {

TEST(DelegatedRouting, TakesGatewaysAndLeavesTheRest) {
    const auto providers = decode_providers(R"({"Providers": [
        {"Schema": "peer", "ID": "12D3KooWA", "Addrs": ["/ip4/192.0.2.1/tcp/80/http",
            "/ip4/192.0.2.1/udp/4001/quic-v1"], "Protocols": ["transport-ipfs-gateway-http"]},
        {"Schema": "peer", "ID": "12D3KooWB", "Addrs": ["/ip4/192.0.2.2/tcp/80/http"],
            "Protocols": ["transport-bitswap"]},
        {"Schema": "unknown", "x": 1}, 7, null]})");
    ASSERT_TRUE(providers) << providers.error().to_string();
    ASSERT_EQ(providers->size(), 1U);
    EXPECT_EQ(providers->front().peer_id, "12D3KooWA");
    EXPECT_EQ(providers->front().multiaddrs,
              std::vector<std::string>{"/ip4/192.0.2.1/tcp/80/http"});
    const auto again = decode_providers(encode_providers(*providers));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->front().multiaddrs, providers->front().multiaddrs);
}

TEST(DelegatedRouting, TakesNobodyForAnAnswer) {
    EXPECT_TRUE(decode_providers(R"({"Providers": []})")->empty());
    EXPECT_TRUE(decode_providers(R"({"Providers": null})")->empty());
    EXPECT_TRUE(decode_providers("{}")->empty());
}

TEST(DelegatedRouting, RefusesWhatIsNoAnswer) {
    for (const char* text : {"", "[]", "{", R"({"Providers": 7})", "<html>"}) {
        EXPECT_FALSE(decode_providers(text)) << text;
    }
    EXPECT_FALSE(decode_providers(std::string(1'000, '[')));
}

TEST(DelegatedRouting, TakesNoMoreThanAHundred) {
    std::vector<Provider> many(150, {"12D3KooWA", {"/ip4/192.0.2.1/tcp/80/http"}});
    EXPECT_EQ(decode_providers(encode_providers(many))->size(), kProvidersMax);
}

}  // namespace
}  // namespace assay::ipfs
