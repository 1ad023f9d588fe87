// Who and what is turned away at a member's peer port: raw TLS connections against a whole node.

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "host/http/stream.hpp"
#include "ledger/net/dial_address.hpp"
#include "ledger/net/peer_message.hpp"
#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using test::NodeFleet;

// Sends `bytes` after the handshake and reads until the other side hangs up. Says what it heard.
asio::awaitable<Bytes> talk(asio::io_context& io,
                            std::string address,
                            std::shared_ptr<const http::TlsContext> tls,
                            Bytes bytes) {
    Bytes heard;
    auto socket = co_await dial_address(io.get_executor(), std::move(address));
    if (!socket) co_return heard;
    http::Stream stream(std::move(*socket), std::move(tls));
    auto shaken = co_await stream.handshake();
    if (!shaken) co_return heard;
    auto sent = co_await stream.write_all(bytes);
    Bytes piece(4096);
    while (sent) {
        auto count = co_await stream.read_some(piece);
        if (!count || *count == 0) break;
        append(heard, ByteView(piece).first(*count));
    }
    co_return heard;
}

class PeerRefusal : public testing::Test {
  protected:
    PeerRefusal() : fleet{2} { fleet.start(0); }

    Bytes talk_as(const crypto::TlsIdentity& identity,
                  Bytes bytes,
                  const std::string& alpn = "assay-c/1") {
        http::TlsOptions options(http::TlsRole::kClient, identity.certificate_pem,
                                 identity.key_pem);
        options.accept = [](const http::PeerIdentity&) { return true; };
        options.alpn = {alpn};
        auto tls = http::TlsContext::make(options);
        EXPECT_TRUE(tls.has_value());
        return test::run_awaitable(fleet.io,
                                   talk(fleet.io, fleet.addresses[0], *tls, std::move(bytes)));
    }
    [[nodiscard]] Bytes hello(const ChainId& chain_id, Slot slot) const {
        return encode_frame(Hello{chain_id, slot, 0, BlockId{}});
    }
    // {"count", "last"} of the node's status.
    [[nodiscard]] std::pair<int, std::string> counted(const char* what) const {
        const auto entry = fleet.nodes[0]->status().at(what).as_object();
        const auto* last = entry.if_contains("last");
        return {entry.at("count").to_number<int>(),
                last != nullptr ? std::string(last->as_string()) : std::string{}};
    }

    NodeFleet fleet;
};

TEST_F(PeerRefusal, AStrangersTlsKeyGetsNoFurtherThanTheHandshake) {
    const auto stranger = test::make_tls_identity("m1");  // the name is right, the key is not
    EXPECT_TRUE(talk_as(stranger, hello(fleet.chain_id, 1)).empty());
    EXPECT_TRUE(fleet.run_until([&] { return fleet.listeners[0]->refused() == 1; }));
    EXPECT_NE(fleet.listeners[0]->last_refused().find("peer-unknown"), std::string::npos)
        << fleet.listeners[0]->last_refused();
}

TEST_F(PeerRefusal, AChainThatIsNotServedHereIsRefusedByAlpn) {
    EXPECT_TRUE(talk_as(fleet.tls[1], hello(fleet.chain_id, 1), "assay-g/1").empty());
    EXPECT_TRUE(fleet.run_until([&] { return fleet.listeners[0]->refused() == 1; }));
}

TEST_F(PeerRefusal, AnotherChainIdIsRefusedWithItsWord) {
    ChainId other = fleet.chain_id;
    other.bytes[0] ^= std::byte{1};
    (void)talk_as(fleet.tls[1], hello(other, 1));
    const auto [count, last] = counted("refused_peers");
    EXPECT_EQ(count, 1);
    EXPECT_NE(last.find("chain-id-mismatch"), std::string::npos) << last;
    EXPECT_EQ(counted("misbehaviour").first, 0) << "another chain is no misbehaviour";
}

TEST_F(PeerRefusal, AMemberCannotPassForAnother) {
    (void)talk_as(fleet.tls[1], hello(fleet.chain_id, 0));
    EXPECT_EQ(counted("refused_peers").first, 1);
    EXPECT_NE(counted("refused_peers").second.find("peer-unknown"), std::string::npos);
}

// Only the four bytes of the length are sent: the node must not wait, or reserve memory, for more.
TEST_F(PeerRefusal, AnOversizedFrameEndsTheConnection) {
    Bytes bytes = hello(fleet.chain_id, 1);
    bytes.insert(bytes.end(), 4, std::byte{0xff});
    EXPECT_FALSE(talk_as(fleet.tls[1], bytes).empty()) << "the hello was answered";
    const auto [count, last] = counted("misbehaviour");
    EXPECT_EQ(count, 1);
    EXPECT_NE(last.find("m1: frame of 4294967295 bytes"), std::string::npos) << last;
}

TEST_F(PeerRefusal, AMemberThatKeepsMisbehavingIsLeftAlone) {
    Bytes bytes = hello(fleet.chain_id, 1);
    bytes.insert(bytes.end(), 4, std::byte{0xff});
    (void)talk_as(fleet.tls[1], bytes);
    (void)talk_as(fleet.tls[1], bytes);
    EXPECT_EQ(counted("misbehaviour").first, 2);
    EXPECT_TRUE(talk_as(fleet.tls[1], hello(fleet.chain_id, 1)).empty()) << "no hello any more";
}

}  // namespace
}  // namespace assay::ledger
