#include "host/http/tls.hpp"

#include <ctime>
#include <string>

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "tests/support/tls_certificates.hpp"

namespace assay::http {
namespace {

using test::CertificateOptions;
using test::TestCertificate;

TlsOptions options_for(TlsRole role, const TestCertificate& own) {
    return {role, own.certificate_pem(), own.key_pem()};
}

std::shared_ptr<const TlsContext> context(const TlsOptions& options) {
    auto made = TlsContext::make(options);
    if (!made) throw std::runtime_error(made.error().to_string());
    return *made;
}

// Two engines with nothing between them.
struct Pair {
    Pair(const TlsOptions& server_options, const TlsOptions& client_options)
        : Pair(context(server_options), context(client_options)) {}
    Pair(std::shared_ptr<const TlsContext> server_context,
         std::shared_ptr<const TlsContext> client_context)
        : server{std::move(server_context)}, client{std::move(client_context)} {}

    void exchange() {
        server.feed(client.take_output());
        client.feed(server.take_output());
    }

    // Lets both sides go on until neither can; the first error of each side is kept.
    void handshake() {
        for (int round = 0; round < 6; ++round) {
            if (client_done) client_done = client.handshake();
            exchange();
            if (server_done) server_done = server.handshake();
            exchange();
        }
    }

    TlsEngine server;
    TlsEngine client;
    Result<bool> server_done = false;
    Result<bool> client_done = false;
};

// After the handshake: the client hears only when it reads that the server refused it.
Error client_read_error(Pair& pair) {
    Bytes out(100);
    const auto count = pair.client.read(out);
    return count ? Error({}, "no error") : count.error();
}

class Tls : public testing::Test {
  protected:
    Tls() {
        server_options.ca_pem = ca.certificate_pem();
        client_options.ca_pem = ca.certificate_pem();
    }

    TestCertificate ca = test::make_ca("site CA");
    TestCertificate server_certificate = test::issue(ca, "gateway-1");
    TestCertificate client_certificate = test::issue(ca, "device-7");
    TlsOptions server_options = options_for(TlsRole::kServer, server_certificate);
    TlsOptions client_options = options_for(TlsRole::kClient, client_certificate);
};

TEST_F(Tls, BothSidesLearnWhoThePeerIs) {
    Pair pair(server_options, client_options);
    EXPECT_EQ(pair.server.peer(), nullptr);
    pair.handshake();
    ASSERT_TRUE(pair.server_done && *pair.server_done);
    ASSERT_TRUE(pair.client_done && *pair.client_done);
    ASSERT_NE(pair.server.peer(), nullptr);
    EXPECT_EQ(pair.server.peer()->common_name, "device-7");
    EXPECT_EQ(pair.client.peer()->common_name, "gateway-1");
    const Bytes& spki = pair.server.peer()->spki_der;
    EXPECT_EQ(spki.size(), 91U);  // P-256
    Sha256Digest digest;
    SHA256(as_uchar(ByteView(spki)), spki.size(), as_uchar(std::span<std::byte>(digest.bytes)));
    EXPECT_EQ(pair.server.peer()->spki_sha256, digest);
}

// A peer could have us answer requests for new keys without end, while nothing is sent.
TEST_F(Tls, KeepsABoundedAmountOfOutput) {
    Pair pair(server_options, client_options);
    pair.handshake();
    const Bytes piece(64 * 1024);
    int taken = 0;
    while (taken < 100 && pair.server.write(piece)) ++taken;
    EXPECT_GE(taken, 3);
    EXPECT_LE(pair.server.take_output().size(), 400'000U);
}

TEST_F(Tls, CarriesBytesBothWays) {
    Pair pair(server_options, client_options);
    pair.handshake();
    const Bytes big(200'000, std::byte{0x5a});
    ASSERT_TRUE(pair.client.write(big));
    ASSERT_TRUE(pair.server.write(as_bytes("answer")));
    pair.exchange();

    Bytes got;
    Bytes out(10'000);
    for (;;) {
        const auto count = pair.server.read(out);
        ASSERT_TRUE(count);
        if (*count == 0) break;
        append(got, ByteView(out).first(*count));
    }
    EXPECT_EQ(got, big);
    EXPECT_FALSE(pair.server.has_input());
    const auto count = pair.client.read(out);
    ASSERT_TRUE(count);
    EXPECT_EQ(as_text(ByteView(out).first(*count)), "answer");
}

TEST_F(Tls, WorksWithOneByteAtATime) {
    Pair pair(server_options, client_options);
    const auto trickle = [](TlsEngine& from, TlsEngine& to, Result<bool>& done) {
        const Bytes output = from.take_output();
        for (const std::byte& b : output) {
            to.feed({&b, 1});
            if (done) done = to.handshake();
        }
    };
    pair.client_done = pair.client.handshake();
    for (int round = 0; round < 4; ++round) {
        trickle(pair.client, pair.server, pair.server_done);
        trickle(pair.server, pair.client, pair.client_done);
    }
    EXPECT_TRUE(pair.server_done && *pair.server_done);
    EXPECT_TRUE(pair.client_done && *pair.client_done);
}

TEST_F(Tls, TellsAnOrderlyEndFromACut) {
    Pair pair(server_options, client_options);
    pair.handshake();
    pair.client.shutdown();
    pair.exchange();
    Bytes out(10);
    ASSERT_TRUE(pair.server.read(out));
    EXPECT_TRUE(pair.server.closed());

    pair.client.feed_end();
    const auto cut = pair.client.read(out);
    ASSERT_FALSE(cut);
    EXPECT_TRUE(cut.error().is(std::errc::connection_reset));
}

TEST_F(Tls, ServerRefusesAClientOfAnotherCa) {
    const TestCertificate other = test::make_ca("other CA");
    Pair pair(server_options, [&] {
        TlsOptions options = options_for(TlsRole::kClient, test::issue(other, "device-7"));
        options.ca_pem = ca.certificate_pem();
        return options;
    }());
    pair.handshake();
    ASSERT_FALSE(pair.server_done);
    EXPECT_TRUE(pair.server_done.error().is(Refusal::kPeerUnknown));
    EXPECT_NE(pair.server_done.error().context().find("device-7"), std::string::npos);
    EXPECT_NE(pair.server_done.error().context().find("issuer"), std::string::npos);
    const Error told = client_read_error(pair);
    EXPECT_TRUE(told.is(std::errc::permission_denied)) << told.to_string();
    EXPECT_NE(told.context().find("unknown CA"), std::string::npos) << told.to_string();
}

TEST_F(Tls, ServerRefusesAnExpiredClient) {
    CertificateOptions expired;
    expired.common_name = "device-8";
    expired.valid_from_seconds = -7200;
    expired.valid_to_seconds = -3600;
    const TestCertificate certificate(expired, &ca);
    TlsOptions options = options_for(TlsRole::kClient, certificate);
    options.ca_pem = ca.certificate_pem();
    Pair pair(server_options, options);
    pair.handshake();
    ASSERT_FALSE(pair.server_done);
    EXPECT_TRUE(pair.server_done.error().is(Refusal::kPeerUnknown));
    EXPECT_NE(pair.server_done.error().context().find("expired"), std::string::npos);
    EXPECT_NE(client_read_error(pair).context().find("expired"), std::string::npos);
}

// Of a device without a clock only the least that the time can be counts.
TEST_F(Tls, ClientWithoutAClockGoesByTheLeastTheTimeCanBe) {
    const auto now = static_cast<std::uint64_t>(std::time(nullptr));
    const auto accepts = [&](long from, long to, std::optional<std::uint64_t> time_at_least) {
        CertificateOptions dated;
        dated.common_name = "gateway-2";
        dated.valid_from_seconds = from;
        dated.valid_to_seconds = to;
        const TestCertificate certificate(dated, &ca);
        TlsOptions server = options_for(TlsRole::kServer, certificate);
        server.ca_pem = ca.certificate_pem();
        client_options.time_at_least = {};
        if (time_at_least) client_options.time_at_least = [&] { return *time_at_least; };
        Pair pair(server, client_options);
        pair.handshake();
        return pair.client_done.has_value();
    };
    EXPECT_FALSE(accepts(-7200, -3600, std::nullopt)) << "by the clock";
    EXPECT_FALSE(accepts(3600, 7200, std::nullopt));
    EXPECT_TRUE(accepts(-7200, -3600, 0)) << "nothing is known of the time";
    EXPECT_TRUE(accepts(-7200, -3600, now - 5000));
    EXPECT_FALSE(accepts(-7200, -3600, now - 2000)) << "it had ended by then";
    EXPECT_TRUE(accepts(3600, 7200, now)) << "it may be later than it seems";

    CertificateOptions dated;
    dated.common_name = "gateway-2";
    dated.valid_from_seconds = -7200;
    dated.valid_to_seconds = -3600;
    TlsOptions server = options_for(TlsRole::kServer, TestCertificate(dated, &ca));
    server.ca_pem = ca.certificate_pem();
    std::uint64_t time = now - 5000;
    client_options.time_at_least = [&time] { return time; };
    const auto server_context = TlsContext::make(server).value();
    const auto client_context = TlsContext::make(client_options).value();
    for (const bool is_accepted : {true, false}) {
        Pair pair(server_context, client_context);
        pair.handshake();
        EXPECT_EQ(pair.client_done.has_value(), is_accepted) << "each handshake asks anew";
        time = now - 2000;
    }

    const TlsOptions stranger = [&] {
        TlsOptions options = options_for(TlsRole::kServer, server_certificate);
        options.ca_pem = ca.certificate_pem();
        return options;
    }();
    client_options.ca_pem = test::make_ca("other CA").certificate_pem();
    client_options.time_at_least = [] { return std::uint64_t{0}; };
    Pair pair(stranger, client_options);
    pair.handshake();
    EXPECT_FALSE(pair.client_done) << "all else is checked as ever";
}

TEST_F(Tls, ServerRefusesAClientWithoutCertificate) {
    TlsOptions anonymous(TlsRole::kClient, {}, {});
    anonymous.ca_pem = ca.certificate_pem();
    Pair pair(server_options, anonymous);
    pair.handshake();
    ASSERT_FALSE(pair.server_done);
    EXPECT_TRUE(pair.server_done.error().is(Refusal::kPeerUnknown));
    EXPECT_NE(pair.server_done.error().context().find("no certificate"), std::string::npos);
    EXPECT_TRUE(client_read_error(pair).is(std::errc::permission_denied));
}

TEST_F(Tls, ServerMayLetClientsComeWithoutCertificate) {
    TlsOptions anonymous(TlsRole::kClient, {}, {});
    anonymous.ca_pem = ca.certificate_pem();
    for (const auto mode : {ClientCertificate::kOptional, ClientCertificate::kIgnored}) {
        server_options.client_certificate = mode;
        Pair pair(server_options, anonymous);
        pair.handshake();
        EXPECT_TRUE(pair.server_done && *pair.server_done);
        EXPECT_EQ(pair.server.peer(), nullptr);
    }
    server_options.client_certificate = ClientCertificate::kOptional;
    Pair pair(server_options, client_options);
    pair.handshake();
    ASSERT_NE(pair.server.peer(), nullptr);
    EXPECT_EQ(pair.server.peer()->common_name, "device-7");
}

TEST_F(Tls, ClientRefusesAServerOfAnotherCa) {
    client_options.ca_pem = test::make_ca("other CA").certificate_pem();
    Pair pair(server_options, client_options);
    pair.handshake();
    ASSERT_FALSE(pair.client_done);
    EXPECT_TRUE(pair.client_done.error().is(Refusal::kPeerUnknown));
    ASSERT_FALSE(pair.server_done);
    EXPECT_TRUE(pair.server_done.error().is(std::errc::permission_denied));
}

TEST_F(Tls, ClientChecksTheServerName) {
    CertificateOptions named;
    named.common_name = "gateway";
    named.subject_alt_name = "DNS:gateway.test,IP:192.0.2.1";
    const TestCertificate certificate(named, &ca);
    const TlsOptions server = [&] {
        TlsOptions options = options_for(TlsRole::kServer, certificate);
        options.ca_pem = ca.certificate_pem();
        return options;
    }();
    for (const auto& [name, fits] : {std::pair{"gateway.test", true},
                                     {"192.0.2.1", true},
                                     {"other.test", false},
                                     {"192.0.2.2", false}}) {
        client_options.server_name = name;
        Pair pair(server, client_options);
        pair.handshake();
        EXPECT_EQ(pair.client_done.has_value(), fits) << name;
    }
}

TEST_F(Tls, ClientRefusesADeviceThatPlaysTheServer) {
    CertificateOptions device;
    device.common_name = "device-9";
    device.extended_key_usage = "clientAuth";
    const TestCertificate certificate(device, &ca);
    TlsOptions server = options_for(TlsRole::kServer, certificate);
    server.ca_pem = ca.certificate_pem();
    Pair pair(server, client_options);
    pair.handshake();
    ASSERT_FALSE(pair.client_done);
    EXPECT_NE(pair.client_done.error().context().find("purpose"), std::string::npos);
}

TEST_F(Tls, PinsDecideOverSelfSignedCertificates) {
    CertificateOptions old;  // dates mean nothing where the registry vouches for the key
    old.common_name = "member-1";
    old.valid_from_seconds = -7200;
    old.valid_to_seconds = -3600;
    const TestCertificate member(old);
    const TestCertificate node = test::make_self_signed("member-2");
    for (const bool known : {true, false}) {
        TlsOptions server = options_for(TlsRole::kServer, node);
        server.accept = [&](const PeerIdentity& peer) {
            return known && peer.common_name == "member-1" && !peer.spki_sha256.is_zero();
        };
        TlsOptions client = options_for(TlsRole::kClient, member);
        client.accept = [](const PeerIdentity& peer) { return peer.common_name == "member-2"; };
        Pair pair(server, client);
        pair.handshake();
        EXPECT_EQ(pair.server_done.has_value(), known);
        if (known) continue;
        EXPECT_TRUE(pair.server_done.error().is(Refusal::kPeerUnknown));
        EXPECT_NE(pair.server_done.error().context().find("member-1"), std::string::npos);
        EXPECT_TRUE(client_read_error(pair).is(std::errc::permission_denied));
    }
}

TEST_F(Tls, PinAndCaMustBothAgree) {
    server_options.accept = [](const PeerIdentity&) { return false; };
    Pair pair(server_options, client_options);
    pair.handshake();
    EXPECT_FALSE(pair.server_done);

    server_options.accept = [](const PeerIdentity&) { return true; };
    TlsOptions stranger = options_for(TlsRole::kClient, test::make_self_signed("device-7"));
    stranger.ca_pem = ca.certificate_pem();
    Pair other(server_options, stranger);
    other.handshake();
    EXPECT_FALSE(other.server_done);
}

TEST_F(Tls, NegotiatesTheProtocol) {
    server_options.alpn = {"assay-c/1", "assay-g/1"};
    client_options.alpn = {"assay-g/1"};
    Pair pair(server_options, client_options);
    pair.handshake();
    ASSERT_TRUE(pair.server_done && *pair.server_done);
    EXPECT_EQ(pair.server.alpn(), "assay-g/1");
    EXPECT_EQ(pair.server.peer()->alpn, "assay-g/1");
    EXPECT_EQ(pair.client.peer()->alpn, "assay-g/1");

    client_options.alpn = {"http/1.1"};
    Pair other(server_options, client_options);
    other.handshake();
    EXPECT_FALSE(other.server_done);
    ASSERT_FALSE(other.client_done);
    EXPECT_NE(other.client_done.error().context().find("no application protocol"),
              std::string::npos)
        << other.client_done.error().to_string();

    client_options.alpn = {};
    Pair silent(server_options, client_options);
    silent.handshake();
    ASSERT_TRUE(silent.server_done && *silent.server_done);
    EXPECT_EQ(silent.server.alpn(), "");
}

TEST_F(Tls, NameWithControlCharactersCountsAsNone) {
    CertificateOptions tricky;
    tricky.common_name = "device-7\nadmin";
    const TestCertificate certificate(tricky, &ca);
    TlsOptions client = options_for(TlsRole::kClient, certificate);
    client.ca_pem = ca.certificate_pem();
    Pair pair(server_options, client);
    pair.handshake();
    ASSERT_NE(pair.server.peer(), nullptr);
    EXPECT_EQ(pair.server.peer()->common_name, "");
}

TEST_F(Tls, GarbageEndsTheHandshakeWithAClearError) {
    TlsEngine server(context(server_options));
    server.feed(as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    const auto done = server.handshake();
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(std::errc::protocol_error));
    EXPECT_NE(done.error().context().find("http request"), std::string::npos)
        << done.error().to_string();
}

TEST_F(Tls, EveryFlippedBitOfARecordIsNoticed) {
    for (std::size_t byte = 0; byte < 27; ++byte) {  // 5 header, 5 text, 1 type, 16 tag
        Pair pair(server_options, client_options);
        pair.handshake();
        ASSERT_TRUE(pair.client.write(as_bytes("hello")));
        Bytes record = pair.client.take_output();
        ASSERT_EQ(record.size(), 27U);
        record[byte] ^= std::byte{1};
        pair.server.feed(record);
        Bytes out(100);
        const auto count = pair.server.read(out);
        // A longer record than there is only waits for the rest.
        EXPECT_TRUE(!count || *count == 0) << byte;
    }
}

TEST_F(Tls, ContextNamesWhatDoesNotLoad) {
    const auto text = [](const TlsOptions& options) {
        const auto made = TlsContext::make(options);
        return made ? std::string("no error") : made.error().to_string();
    };
    TlsOptions options = server_options;
    options.certificate_pem = to_bytes("nonsense");
    EXPECT_NE(text(options).find("own TLS certificate"), std::string::npos);
    options = server_options;
    options.key_pem = {};
    EXPECT_NE(text(options).find("private key does not load"), std::string::npos);
    options = server_options;
    options.key_pem = client_certificate.key_pem();
    EXPECT_NE(text(options).find("does not belong"), std::string::npos);
    options = server_options;
    options.ca_pem = to_bytes("nonsense");
    EXPECT_NE(text(options).find("CA certificate"), std::string::npos);
    options = server_options;
    options.ca_pem = {};
    EXPECT_NE(text(options).find("needs a CA certificate or a pin"), std::string::npos);
    options = server_options;
    options.certificate_pem = {};
    EXPECT_NE(text(options).find("server needs a certificate"), std::string::npos);
}

}  // namespace
}  // namespace assay::http
