#include <atomic>
#include <future>

#include "tests/integration/http/http_fixture.hpp"

namespace assay::http {
namespace {

using namespace std::chrono_literals;
using test::TestCertificate;

class TlsServerTest : public HttpFixture {
  protected:
    TlsServerTest() {
        TlsOptions server_options(TlsRole::kServer, gateway.certificate_pem(), gateway.key_pem());
        server_options.ca_pem = ca.certificate_pem();
        server_options.alpn = {"http/1.1"};
        options.tls = make_context(server_options);
    }

    [[nodiscard]] std::shared_ptr<const TlsContext> client_context(
        const TestCertificate* certificate) const {
        TlsOptions client(TlsRole::kClient,
                          certificate == nullptr ? Bytes{} : certificate->certificate_pem(),
                          certificate == nullptr ? Bytes{} : certificate->key_pem());
        client.ca_pem = ca.certificate_pem();
        client.alpn = {"http/1.1"};
        return make_context(client);
    }

    Result<Response> get(const TestCertificate* certificate) {
        Client client(io.get_executor(), client_context(certificate));
        return run(client.request(ClientRequest("GET", url("/x"))));
    }

    // A connection that has shaken hands.
    asio::awaitable<std::unique_ptr<Stream>> secured(std::shared_ptr<const TlsContext> context) {
        asio::ip::tcp::socket socket(io);
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), server->port());
        auto [code] = co_await socket.async_connect(endpoint, kAsTuple);
        EXPECT_FALSE(code) << code.message();
        auto stream = std::make_unique<Stream>(std::move(socket), context, "gateway-1");
        const Result<void> done = co_await stream->handshake();
        EXPECT_TRUE(done) << done.error().to_string();
        co_return stream;
    }

    TestCertificate ca = test::make_ca("site CA");
    TestCertificate gateway = test::issue(ca, "gateway-1");
    TestCertificate device = test::issue(ca, "device-7");
};

TEST_F(TlsServerTest, TellsTheHandlerWhoAsks) {
    serve(echo);
    const Result<Response> response = get(&device);
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->text(), "GET /x\npeer device-7\n");
}

TEST_F(TlsServerTest, RefusesStrangersBeforeAnyHandler) {
    bool reached = false;
    serve([&](Request) -> asio::awaitable<Response> {
        reached = true;
        co_return Response(200);
    });
    const TestCertificate other_ca = test::make_ca("other CA");
    const TestCertificate stranger = test::issue(other_ca, "device-7");
    for (const TestCertificate* who : {&stranger, static_cast<const TestCertificate*>(nullptr)}) {
        const Result<Response> response = get(who);
        ASSERT_FALSE(response);
        EXPECT_TRUE(response.error().is(std::errc::permission_denied))
            << response.error().to_string();
    }
    EXPECT_FALSE(reached);
}

// Whoever asks for handshakes delays nobody who is connected.
TEST_F(TlsServerTest, AnswersWhileAHandshakeOnThePoolTakesItsTime) {
    asio::thread_pool pool{1};
    std::atomic<bool> begun = false;
    std::promise<void> answered;
    TlsOptions slow(TlsRole::kServer, gateway.certificate_pem(), gateway.key_pem());
    slow.ca_pem = ca.certificate_pem();
    slow.alpn = {"http/1.1"};
    slow.accept = [&, until = answered.get_future().share()](const PeerIdentity& peer) {
        if (peer.common_name != "newcomer") return true;
        begun = true;
        return until.wait_for(60s) == std::future_status::ready;
    };
    options.tls = make_context(slow);
    options.handshake_pool = &pool;
    serve(echo);
    Client known(io.get_executor(), client_context(&device));
    ASSERT_TRUE(run(known.request(ClientRequest("GET", url("/x")))));

    const TestCertificate newcomer = test::issue(ca, "newcomer");
    Client waiting(io.get_executor(), client_context(&newcomer));
    std::optional<Result<Response>> late;
    asio::co_spawn(io, waiting.request(ClientRequest("GET", url("/y"))),
                   [&](const std::exception_ptr&, Result<Response> response) { late = std::move(response); });
    while (!begun) io.run_one_for(10ms);
    const Result<Response> response = run(known.request(ClientRequest("GET", url("/z"))));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_FALSE(late);
    answered.set_value();
    while (!late) io.run_one_for(10ms);
    EXPECT_TRUE(*late) << late->error().to_string();
}

TEST_F(TlsServerTest, ClientRefusesAnUnknownGateway) {
    serve(echo);
    TlsOptions suspicious(TlsRole::kClient, device.certificate_pem(), device.key_pem());
    suspicious.ca_pem = test::make_ca("other CA").certificate_pem();
    Client client(io.get_executor(), make_context(suspicious));
    const Result<Response> response = run(client.request(ClientRequest("GET", url("/"))));
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(Refusal::kPeerUnknown)) << response.error().to_string();
}

TEST_F(TlsServerTest, CarriesAnImage) {
    Bytes image(20'000'000);
    for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::byte>(i * 13 >> 4);
    serve([&](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", image);
    });
    Client client(io.get_executor(), client_context(&device));
    ClientRequest request("GET", url("/image"));
    request.body_bytes_max = image.size();
    Bytes got;
    const BodySink sink = [&](ByteView piece) -> Result<void> {
        append(got, piece);
        return {};
    };
    const Result<Response> response = run(client.download(request, sink));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(got, image);
}

TEST_F(TlsServerTest, KeepsAConnectionForMoreRequests) {
    serve(echo);
    Client client(io.get_executor(), client_context(&device));
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
        EXPECT_EQ(server->connections(), 1U);
    }
}

TEST_F(TlsServerTest, GivesUpOnAHandshakeThatDoesNotCome) {
    options.handshake_timeout = 30ms;
    serve(echo);
    const std::unique_ptr<Stream> silent = run(connect());
    ASSERT_TRUE(silent);
    EXPECT_EQ(run(read_until_end(*silent)), "");
    test::run_until(io, [&] { return server->connections() == 0; });
}

TEST_F(TlsServerTest, AnswersPlainHttpWithAnAlertAndCloses) {
    serve(echo);
    const std::string answer = run(talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(answer.find("200 OK"), std::string::npos);
    EXPECT_TRUE(answer.empty() || answer.front() == '\x15') << answer;  // an alert record
}

TEST_F(TlsServerTest, OneConnectionMoreOfAKeyClosesItsOldest) {
    options.connections_of_key_max = 2;
    serve(echo);
    const TestCertificate other = test::issue(ca, "device-8");
    Client neighbour(io.get_executor(), client_context(&other));
    ASSERT_TRUE(run(neighbour.request(ClientRequest("GET", url("/")))));
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 3; ++i) {
        streams.push_back(run(secured(client_context(&device))));
        ASSERT_TRUE(run(streams.back()->write_all(as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))));
        Bytes first(8);
        ASSERT_TRUE(run(streams.back()->read_exact(first))) << i;
    }
    test::run_until(io, [&] { return server->connections() == 3; });
    EXPECT_TRUE(run(read_until_end(*streams[0])).ends_with("peer device-7\n")) << "the oldest is closed";
    ASSERT_TRUE(run(streams[1]->write_all(
        as_bytes("GET /on HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))));
    EXPECT_NE(run(read_until_end(*streams[1])).find("GET /on"), std::string::npos);
    streams.clear();
    test::run_until(io, [&] { return server->connections() == 1; });
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(get(&device)) << "those that went count no more";
    EXPECT_TRUE(run(neighbour.request(ClientRequest("GET", url("/")))));
}

TEST_F(TlsServerTest, ClosesMoreConnectionsThanAllowed) {
    options.connections_max = 1;
    serve(echo);
    Client client(io.get_executor(), client_context(&device));
    ASSERT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
    EXPECT_FALSE(get(&device));
    EXPECT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
}

}  // namespace
}  // namespace assay::http
