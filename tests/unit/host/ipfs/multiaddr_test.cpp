#include "host/ipfs/multiaddr.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::ipfs {
namespace {

TEST(Multiaddr, SaysWhereAGatewayIs) {
    EXPECT_EQ(url_of_multiaddr("/ip4/192.0.2.1/tcp/8080/http"), "http://192.0.2.1:8080");
    EXPECT_EQ(url_of_multiaddr("/dns4/gw.example/tcp/443/https"), "https://gw.example:443");
    EXPECT_EQ(url_of_multiaddr("/dns/gw.example/tcp/443/tls/http"), "https://gw.example:443");
    EXPECT_EQ(url_of_multiaddr("/dns/gw.example/tcp/443/tls/sni/gw.example/http"),
              "https://gw.example:443");
    EXPECT_EQ(url_of_multiaddr("/ip6/2001:db8::1/tcp/80/http"), "http://[2001:db8::1]:80");
}

TEST(Multiaddr, LeavesOtherTransportsAlone) {
    for (const char* text :
         {"", "/", "ip4/192.0.2.1/tcp/80/http", "/ip4/192.0.2.1/udp/80/http",
          "/ip4/192.0.2.1/tcp/80", "/ip4/192.0.2.1/tcp/80/ws", "/ip4/192.0.2.1/tcp/80/http/p2p/x",
          "/ip4/192.0.2.1/tcp/99999/http", "/ip4/192.0.2.1/tcp/80/tls", "/unix/a/tcp/80/http",
          "/dns/a b/tcp/80/http", "/dns/a@b/tcp/80/http", "/ip4/192.0.2.1/tcp/80/tls/sni"}) {
        EXPECT_FALSE(url_of_multiaddr(text)) << text;
    }
}

TEST(Multiaddr, IsMadeOfAUrl) {
    for (const char* url : {"http://192.0.2.1:8080", "https://gw.example:8443",
                            "http://[2001:db8::1]:80"}) {
        const auto multiaddr = multiaddr_of_url(url);
        ASSERT_TRUE(multiaddr) << url;
        EXPECT_EQ(url_of_multiaddr(*multiaddr), url);
    }
    EXPECT_FALSE(multiaddr_of_url("http://192.0.2.1/path"));
    EXPECT_FALSE(multiaddr_of_url("ftp://192.0.2.1"));
}

// What js-libp2p makes of the first public key of RFC 8032.
TEST(PeerId, IsTheIdentityHashOfTheKey) {
    crypto::PublicKey key;
    key.algorithm = crypto::Algorithm::kEd25519;
    key.bytes = from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").value();
    EXPECT_EQ(peer_id_of(key), "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV");
}

}  // namespace
}  // namespace assay::ipfs
