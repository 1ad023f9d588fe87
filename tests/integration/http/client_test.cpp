#include "host/http/client.hpp"

#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "tests/integration/http/http_fixture.hpp"

namespace assay::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

enum class Afterwards { kClose, kKeepOpen, kCloseAtNextRequest };

class ClientTest : public HttpFixture {
  protected:
    // A peer that answers the first request of every connection with fixed bytes.
    void answer_with(std::string text, Afterwards afterwards) {
        acceptor.open(tcp::v4());
        acceptor.bind(tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        acceptor.listen();
        asio::co_spawn(io, serve_raw(std::move(text), afterwards), asio::detached);
    }

    asio::awaitable<void> serve_raw(std::string text, Afterwards afterwards) {
        std::vector<tcp::socket> kept;
        for (;;) {
            tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
            ++accepted;
            std::array<char, 4096> request{};
            co_await socket.async_read_some(asio::buffer(request), asio::use_awaitable);
            co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
            if (afterwards == Afterwards::kCloseAtNextRequest) {
                co_await socket.async_read_some(asio::buffer(request), asio::use_awaitable);
            }
            if (afterwards == Afterwards::kKeepOpen) kept.push_back(std::move(socket));
        }
    }

    [[nodiscard]] std::string raw_url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/x";
    }

    Result<Response> ask_raw(ClientRequest request) {
        request.url = raw_url();
        return run(client.request(std::move(request)));
    }

    tcp::acceptor acceptor{io};
    int accepted = 0;
    Client client{io.get_executor()};
};

TEST_F(ClientTest, SendsMethodFieldsAndBody) {
    serve(echo);
    ClientRequest request("POST", url("/v1/x?y=z"));
    request.body = to_bytes("some body");
    const Result<Response> response = run(client.request(request));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 200U);
    EXPECT_EQ(response->text(), "POST /v1/x?y=z\nsome body");
}

TEST_F(ClientTest, ResolvesNames) {
    serve(echo);
    const std::string named = "http://localhost:" + std::to_string(server->port()) + "/";
    const Result<Response> response = run(client.request(ClientRequest("GET", named)));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 200U);
}

TEST_F(ClientTest, UsesAConnectionAgain) {
    serve(echo);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
        EXPECT_EQ(server->connections(), 1U);
    }
}

TEST_F(ClientTest, RunsRequestsAtTheSameTimeOnSeveralConnections) {
    serve(echo);
    int done = 0;
    for (int i = 0; i < 5; ++i) {
        asio::co_spawn(io, client.request(ClientRequest("GET", url("/"))),
                       [&](const std::exception_ptr&, Result<Response> response) {
                           EXPECT_TRUE(response);
                           ++done;
                       });
    }
    test::run_until(io, [&] { return done >= 5; });
    EXPECT_EQ(server->connections(), 5U);
}

TEST_F(ClientTest, OpensAnotherConnectionWhenTheKeptOneHasDied) {
    options.idle_timeout = 20ms;
    serve(echo);
    ASSERT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
    test::run_until(io, [&] { return server->connections() == 0; });
    ClientRequest post("POST", url("/"));
    EXPECT_TRUE(run(client.request(post)));
}

TEST_F(ClientTest, RepeatsOnlyIdempotentRequestsWhenAKeptConnectionDiesUnanswered) {
    answer_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Afterwards::kCloseAtNextRequest);
    ASSERT_TRUE(ask_raw(ClientRequest()));
    EXPECT_TRUE(ask_raw(ClientRequest()));
    EXPECT_EQ(accepted, 2);
    // The server may have done what a POST asked for: to send it twice is not ours to decide.
    ClientRequest post;
    post.method = "POST";
    const Result<Response> response = ask_raw(post);
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(std::errc::connection_reset)) << response.error().to_string();
    EXPECT_EQ(accepted, 2);
}

TEST_F(ClientTest, CarriesBigBodiesBothWays) {
    options.body_bytes_max = 16 * 1024 * 1024;
    serve([](Request request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", std::move(request.body));
    });
    ClientRequest request("PUT", url("/"));
    request.body = Bytes(10'000'000);
    for (std::size_t i = 0; i < request.body.size(); ++i) {
        request.body[i] = static_cast<std::byte>(i * 31 >> 3);
    }
    request.body_bytes_max = request.body.size();
    const Result<Response> response = run(client.request(request));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->body, request.body);
}

TEST_F(ClientTest, RefusesAnAnnouncedBodyThatIsTooLong) {
    serve([](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", Bytes(1001));
    });
    ClientRequest request("GET", url("/"));
    request.body_bytes_max = 1000;
    const Result<Response> response = run(client.request(request));
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(Refusal::kLimitExceeded));
    EXPECT_NE(response.error().context().find("GET http://127.0.0.1"), std::string::npos);
}

TEST_F(ClientTest, StopsAnUnannouncedBodyThatGrowsTooLong) {
    answer_with("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'), Afterwards::kKeepOpen);
    ClientRequest request;
    request.body_bytes_max = 1000;
    const Result<Response> response = ask_raw(request);
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(Refusal::kLimitExceeded));
}

TEST_F(ClientTest, GivesUpOnASilentServer) {
    answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Afterwards::kKeepOpen);
    ClientRequest request;
    request.idle_timeout = 30ms;
    const Result<Response> silent = ask_raw(request);
    ASSERT_FALSE(silent);
    EXPECT_TRUE(silent.error().is(std::errc::timed_out)) << silent.error().to_string();

    request.idle_timeout = 10s;
    request.total_timeout = 30ms;
    const Result<Response> endless = ask_raw(request);
    ASSERT_FALSE(endless);
    EXPECT_TRUE(endless.error().is(std::errc::timed_out));
    EXPECT_NE(endless.error().context().find("too long"), std::string::npos);
}

TEST_F(ClientTest, NoticesABodyThatIsCut) {
    answer_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Afterwards::kClose);
    const Result<Response> response = ask_raw(ClientRequest());
    ASSERT_FALSE(response);
}

TEST_F(ClientTest, RefusesGarbage) {
    answer_with("SSH-2.0-server\r\n\r\n", Afterwards::kKeepOpen);
    const Result<Response> response = ask_raw(ClientRequest());
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(Refusal::kMalformed)) << response.error().to_string();
}

TEST_F(ClientTest, PassesOverInterimResponses) {
    answer_with(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Afterwards::kKeepOpen);
    const Result<Response> response = ask_raw(ClientRequest());
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 200U);
    EXPECT_EQ(response->text(), "ok");
}

TEST_F(ClientTest, ReportsARefusalGivenBeforeTheBodyWasSent) {
    options.body_bytes_max = 1000;
    serve(echo);
    ClientRequest request("PUT", url("/"));
    request.body = Bytes(5'000'000);
    const Result<Response> response = run(client.request(request));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->status, 413U);
}

TEST_F(ClientTest, TakesNoBodyWithHead) {
    serve(echo);
    const Result<Response> response = run(client.request(ClientRequest("HEAD", url("/abc"))));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->header("Content-Length"), "10");
    EXPECT_TRUE(response->body.empty());
    EXPECT_TRUE(run(client.request(ClientRequest("GET", url("/")))));
    EXPECT_EQ(server->connections(), 1U);
}

TEST_F(ClientTest, DownloadHandsTheBodyToTheSink) {
    const Bytes image(3'000'000, std::byte{0x42});
    serve([&](Request request) -> asio::awaitable<Response> {
        if (request.path == "/missing") co_return problem(404, "not-found", "no such image");
        co_return Response(200, "application/octet-stream", image);
    });
    Bytes got;
    const BodySink sink = [&](ByteView piece) -> Result<void> {
        append(got, piece);
        return {};
    };
    ClientRequest request("GET", url("/image"));
    request.body_bytes_max = image.size();
    const Result<Response> response = run(client.download(request, sink));
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_TRUE(response->body.empty());
    EXPECT_EQ(got, image);

    // What is not the image goes into the response, not into the sink.
    got.clear();
    request.url = url("/missing");
    const Result<Response> missing = run(client.download(request, sink));
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->status, 404U);
    EXPECT_NE(missing->text().find("not-found"), std::string_view::npos);
    EXPECT_TRUE(got.empty());
}

TEST_F(ClientTest, DownloadStopsWhenTheSinkRefuses) {
    serve([](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", Bytes(1'000'000));
    });
    std::size_t pieces = 0;
    const BodySink sink = [&](ByteView) -> Result<void> {
        ++pieces;
        return fail(Refusal::kChunkHashMismatch, "chunk 0");
    };
    const Result<Response> response =
        run(client.download(ClientRequest("GET", url("/image")), sink));
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(Refusal::kChunkHashMismatch));
    EXPECT_EQ(pieces, 1U);
}

TEST_F(ClientTest, RefusesBadRequestsOfItsOwn) {
    EXPECT_TRUE(
        run(client.request(ClientRequest("GET", "gopher://x"))).error().is(Refusal::kMalformed));
    EXPECT_TRUE(run(client.request(ClientRequest("GET", "https://127.0.0.1:1/")))
                    .error()
                    .is(std::errc::invalid_argument));
    ClientRequest injected("GET", "http://127.0.0.1:1/");
    injected.headers.add("X", "a\r\nHost: other");
    EXPECT_TRUE(run(client.request(injected)).error().is(std::errc::invalid_argument));
    const ClientRequest smuggled("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "http://127.0.0.1:1/");
    EXPECT_TRUE(run(client.request(smuggled)).error().is(std::errc::invalid_argument));
}

TEST_F(ClientTest, SaysThatNobodyListens) {
    serve(echo);
    const std::string gone = url("/");
    server.reset();
    const Result<Response> response = run(client.request(ClientRequest("GET", gone)));
    ASSERT_FALSE(response);
    EXPECT_TRUE(response.error().is(std::errc::connection_refused)) << response.error().to_string();
}

TEST_F(ClientTest, BlockingClientNeedsNoLoop) {
    serve(echo);
    asio::executor_work_guard<asio::io_context::executor_type> work(io.get_executor());
    std::jthread loop([&] { io.run(); });
    BlockingClient blocking;
    for (int i = 0; i < 3; ++i) {
        const Result<Response> response =
            blocking.request(ClientRequest("GET", url("/" + std::to_string(i))));
        ASSERT_TRUE(response) << response.error().to_string();
        EXPECT_EQ(response->text(), "GET /" + std::to_string(i) + "\n");
    }
    EXPECT_TRUE(request_blocking(ClientRequest("GET", url("/"))));
    io.stop();
}

}  // namespace
}  // namespace assay::http
