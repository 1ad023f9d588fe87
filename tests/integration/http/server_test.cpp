#include "host/http/server.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/range.hpp"
#include "tests/integration/http/http_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::http {
namespace {

using namespace std::chrono_literals;
using ServerTest = HttpFixture;

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderOnOneConnection) {
    serve(echo);
    const std::string answer =
        run(talk("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                 "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                 "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(count_of(answer, "HTTP/1.1 200 OK\r\n"), 3U);
    EXPECT_LT(answer.find("GET /1"), answer.find("POST /2\nabc"));
    EXPECT_LT(answer.find("POST /2\nabc"), answer.find("GET /3"));
    EXPECT_EQ(count_of(answer, "Connection: close"), 1U);
    EXPECT_EQ(count_of(answer, "Content-Length: "), 3U);
    EXPECT_EQ(count_of(answer, "Date: "), 3U);
}

TEST_F(ServerTest, AnswersHeadWithTheLengthAndNoBody) {
    serve(echo);
    const std::string answer =
        run(talk("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos);  // "HEAD /x\n"
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(ServerTest, SendsNoLengthWith204) {
    serve([](Request) -> asio::awaitable<Response> { co_return Response(204); });
    const std::string answer = run(talk("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n"));
    EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST_F(ServerTest, ClosesAfterAnHttp10Request) {
    serve(echo);
    const std::string answer = run(talk("GET /old HTTP/1.0\r\n\r\n"));
    EXPECT_NE(answer.find("GET /old"), std::string::npos);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, AnAnswerMayEndItsConnection) {
    serve([](Request) -> asio::awaitable<Response> {
        Response response(403);
        response.ends_connection = true;
        co_return response;
    });
    const std::string answer = run(talk("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(count_of(answer, "HTTP/1.1 403 "), 1U) << answer;
    EXPECT_EQ(count_of(answer, "Connection: close"), 1U);
}

TEST_F(ServerTest, AsksForTheBodyWhenTheClientWaits) {
    serve(echo);
    const auto exchange = [](HttpFixture*,
                             std::unique_ptr<Stream> stream) -> asio::awaitable<std::string> {
        const Result<void> head = co_await stream->write_all(
            as_bytes("PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nConnection: close\r\n"
                     "Expect: 100-continue\r\n\r\n"));
        Bytes buffer(25);
        const Result<void> interim = co_await stream->read_exact(buffer);
        EXPECT_TRUE(head && interim);
        EXPECT_EQ(as_text(buffer), "HTTP/1.1 100 Continue\r\n\r\n");
        const Result<void> body = co_await stream->write_all(as_bytes("body"));
        EXPECT_TRUE(body);
        co_return co_await read_until_end(*stream);
    };
    const std::string answer = run(exchange(this, run(connect())));
    EXPECT_NE(answer.find("PUT /e\nbody"), std::string::npos);
}

TEST_F(ServerTest, RefusesABodyBeforeItIsSentIfTheClientWaits) {
    options.body_bytes_max = 10;
    serve(echo);
    const std::string answer = run(
        talk("PUT /e HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_EQ(answer.find("100 Continue"), std::string::npos);
}

TEST_F(ServerTest, AnswersBadRequestsWithProblemsAndCloses) {
    options.header_bytes_max = 256;
    serve(echo);
    const auto expect = [&](const std::string& request, unsigned status, std::string_view word) {
        const std::string answer = run(talk(request));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << answer;
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
        EXPECT_NE(answer.find("\"word\":\"" + std::string(word) + "\""), std::string::npos);
        EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    };
    expect("nonsense\r\n\r\n", 400, "malformed");
    expect("GET / HTTP/1.1\r\n\r\n", 400, "malformed");
    expect("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(300, 'x') + "\r\n\r\n", 431,
           "limit-exceeded");
    expect("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "malformed");
    expect("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", 413, "limit-exceeded");
}

TEST_F(ServerTest, DeliversTheRefusalOfABodyThatIsStillBeingSent) {
    options.body_bytes_max = 1000;
    serve(echo);
    const std::string answer = run(talk(
        "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'b')));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST_F(ServerTest, AnswersASlowHeadWith408) {
    options.header_timeout = 30ms;
    serve(echo);
    const std::string answer = run(talk("GET / HTTP/1.1\r\nHost:"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
    EXPECT_NE(answer.find("\"word\":\"timed-out\""), std::string::npos);
}

TEST_F(ServerTest, AnswersASlowBodyWith408) {
    options.body_timeout = 30ms;
    serve(echo);
    const std::string answer =
        run(talk("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST_F(ServerTest, ClosesASilentConnectionWithoutAWord) {
    options.idle_timeout = 30ms;
    serve(echo);
    EXPECT_EQ(run(talk("")), "");
    EXPECT_EQ(count_of(run(talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), "HTTP/1.1"), 1U);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(ServerTest, GivesUpOnAClientThatDoesNotRead) {
    options.write_timeout = 30ms;
    const Bytes big(64 * 1024 * 1024);
    serve([&](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", big);
    });
    const auto ask = [](HttpFixture*, Stream& stream) -> asio::awaitable<bool> {
        const Result<void> sent =
            co_await stream.write_all(as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        co_return sent.has_value();
    };
    const std::unique_ptr<Stream> stream = run(connect());
    ASSERT_TRUE(stream);
    ASSERT_TRUE(run(ask(this, *stream)));
    test::run_until(io, [&] { return server->connections() > 0; });
    test::run_until(io, [&] { return server->connections() == 0; });
    EXPECT_LT(run(read_until_end(*stream)).size(), big.size());
}

// One request on a connection that stays open; true if it is answered.
asio::awaitable<bool> ask(Stream& stream) {
    const Result<void> sent = co_await stream.write_all(as_bytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    Bytes answer(12);
    const Result<void> got = co_await stream.read_exact(answer);
    co_return sent && got && as_text(answer) == "HTTP/1.1 200";
}

TEST_F(ServerTest, TurnsAwayMoreConnectionsThanAllowed) {
    options.connections_max = 1;
    serve(echo);
    const std::unique_ptr<Stream> first = run(connect());
    ASSERT_TRUE(first);
    ASSERT_TRUE(run(ask(*first)));
    const std::string answer = run(talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("\"word\":\"busy\""), std::string::npos);
    EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);

    first->close();
    test::run_until(io, [&] { return server->connections() == 0; });
    const std::string again = run(talk("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(again.starts_with("HTTP/1.1 200 ")) << again;
}

TEST_F(ServerTest, GivesUpSilentConnectionsForOneThatSpeaks) {
    options.connections_max = 4;
    serve(echo);
    const std::unique_ptr<Stream> elsewhere = run(connect("127.0.0.2"));
    std::vector<std::unique_ptr<Stream>> silent;
    for (int i = 0; i < 20; ++i) silent.push_back(run(connect()));
    const std::unique_ptr<Stream> last = run(connect());
    ASSERT_TRUE(elsewhere && last);
    EXPECT_TRUE(run(ask(*last)));
    EXPECT_LE(server->connections(), 4U);
    // The one flood is told apart from others: the oldest of all came from elsewhere and stays.
    EXPECT_EQ(run(read_until_end(*silent.front())), "");
    EXPECT_TRUE(run(ask(*elsewhere)));
}

TEST_F(ServerTest, AnswersAThrowingHandlerWith500) {
    serve([](Request) -> asio::awaitable<Response> {
        throw std::runtime_error("store is gone");
        co_return Response(200);
    });
    const std::string answer = run(talk("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
    EXPECT_NE(answer.find("store is gone"), std::string::npos);
}

TEST_F(ServerTest, KeepsLineBreaksOutOfFields) {
    serve([](Request) -> asio::awaitable<Response> {
        Response response(200, "text/plain", "x");
        response.headers.set("X-Name", "a\r\nSet-Cookie: b");
        co_return response;
    });
    const std::string answer = run(talk("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(answer.find("\nSet-Cookie"), std::string::npos);
}

TEST_F(ServerTest, StreamsAFileAndItsRanges) {
    const test::TempDir dir;
    Bytes content(300'000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 7);
    ASSERT_TRUE(write_file_durable(dir / "image", content));
    auto opened = FileHandle::open(dir / "image", 0);
    ASSERT_TRUE(opened);
    const auto file = std::make_shared<FileHandle>(std::move(*opened));
    serve([&](Request request) -> asio::awaitable<Response> {
        const FileRange whole(file, 0, content.size());
        co_return apply_range(request, Response(200, "application/octet-stream", whole));
    });

    Client client(io.get_executor());
    ClientRequest request("GET", url("/image"));
    Result<Response> all = run(client.request(request));
    ASSERT_TRUE(all) << all.error().to_string();
    EXPECT_EQ(all->body, content);
    EXPECT_EQ(all->header("Accept-Ranges"), "bytes");

    request.headers.set("Range", "bytes=100000-");
    Result<Response> rest = run(client.request(request));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->status, 206U);
    EXPECT_EQ(rest->header("Content-Range"), "bytes 100000-299999/300000");
    EXPECT_EQ(rest->body, Bytes(content.begin() + 100'000, content.end()));

    request.headers.set("Range", "bytes=300000-");
    EXPECT_EQ(run(client.request(request))->status, 416U);
}

// To a client that has said that it is done, sendfile fails with SIGPIPE, which would end the process.
TEST_F(ServerTest, OutlivesClientsThatHangUpInTheMidstOfAFile) {
    const test::TempDir dir;
    ASSERT_TRUE(write_file_durable(dir / "image", Bytes(16'000'000)));
    auto opened = FileHandle::open(dir / "image", 0);
    const auto file = std::make_shared<FileHandle>(std::move(*opened));
    serve([&](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", FileRange(file, 0, 16'000'000));
    });
    const auto hang_up = [this]() -> asio::awaitable<void> {
        const std::unique_ptr<Stream> stream = co_await connect();
        const std::string text = "GET /image HTTP/1.1\r\nHost: h\r\n\r\n";
        const Result<void> sent = co_await stream->write_all(as_bytes(text));
        EXPECT_TRUE(sent);
        Bytes some(1000);
        const Result<std::size_t> count = co_await stream->read_some(some);
        EXPECT_TRUE(count);
        const Result<void> done = co_await stream->shutdown();
        EXPECT_TRUE(done);
    };
    for (int i = 0; i < 10; ++i) run(hang_up());
    Client client(io.get_executor());
    ClientRequest request("GET", url("/image"));
    request.body_bytes_max = 16'000'000;
    const Result<Response> response = run(client.request(request));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body.size(), 16'000'000U);
}

TEST_F(ServerTest, CutsTheConnectionIfAFileIsShorterThanPromised) {
    const test::TempDir dir;
    ASSERT_TRUE(write_file_durable(dir / "image", Bytes(1000)));
    auto opened = FileHandle::open(dir / "image", 0);
    const auto file = std::make_shared<FileHandle>(std::move(*opened));
    serve([&](Request) -> asio::awaitable<Response> {
        co_return Response(200, "application/octet-stream", FileRange(file, 0, 2000));
    });
    Client client(io.get_executor());
    const Result<Response> response = run(client.request(ClientRequest("GET", url("/image"))));
    ASSERT_FALSE(response);
}

// Pieces "0", "1", ... up to `count`; then the end, or an error.
StreamedBody counting_body(int count, std::optional<std::uint64_t> length, bool fails) {
    auto next = [i = 0, count, fails]() mutable -> asio::awaitable<Result<BodyPiece>> {
        if (i < count) co_return to_bytes(std::to_string(i++));
        if (fails) co_return fail(Refusal::kContentIncomplete, "a block is missing");
        co_return Bytes{};
    };
    return {std::move(next), length};
}

TEST_F(ServerTest, StreamsBodiesMadeOnTheWay) {
    serve([](Request request) -> asio::awaitable<Response> {
        std::optional<std::uint64_t> length;
        if (request.path == "/known") length = 10;
        StreamedBody body = counting_body(10, length, request.path == "/broken");
        co_return Response(200, "text/plain", std::move(body));
    });
    Client client(io.get_executor());
    const Result<Response> chunked = run(client.request(ClientRequest("GET", url("/chunked"))));
    ASSERT_TRUE(chunked) << chunked.error().to_string();
    EXPECT_EQ(chunked->text(), "0123456789");
    EXPECT_EQ(chunked->header("Transfer-Encoding"), "chunked");

    const Result<Response> known = run(client.request(ClientRequest("GET", url("/known"))));
    ASSERT_TRUE(known) << known.error().to_string();
    EXPECT_EQ(known->text(), "0123456789");
    EXPECT_EQ(known->header("Content-Length"), "10");

    // Half a body must never look like a whole one.
    const Result<Response> broken = run(client.request(ClientRequest("GET", url("/broken"))));
    EXPECT_FALSE(broken);
}

TEST_F(ServerTest, StopLetsARunningRequestFinishAndClosesIdleConnections) {
    asio::steady_timer gate(io, std::chrono::hours(1));
    bool entered = false;
    serve([&](Request request) -> asio::awaitable<Response> {
        if (request.path == "/slow") {
            entered = true;
            boost::system::error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        co_return Response(200, "text/plain", "done");
    });
    const std::unique_ptr<Stream> idle = run(connect());
    ASSERT_TRUE(idle);
    std::string slow;
    asio::co_spawn(io, talk("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"),
                   [&](const std::exception_ptr&, std::string text) { slow = std::move(text); });
    test::run_until(io, [&] { return entered; });

    bool stopped = false;
    asio::co_spawn(io, server->stop(10s), [&](const std::exception_ptr&) { stopped = true; });
    EXPECT_EQ(run(read_until_end(*idle)), "");
    EXPECT_FALSE(stopped);
    gate.cancel();
    test::run_until(io, [&] { return stopped; });
    test::run_until(io, [&] { return !slow.empty(); });
    EXPECT_NE(slow.find("done"), std::string::npos);
    EXPECT_NE(slow.find("Connection: close"), std::string::npos);
    EXPECT_EQ(server->connections(), 0U);
    EXPECT_FALSE(run(connect()));
}

TEST_F(ServerTest, StopEndsWhatOutlastsTheGrace) {
    options.body_timeout = 10s;
    serve(echo);
    std::string answer = "unset";
    asio::co_spawn(io, talk("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"),
                   [&](const std::exception_ptr&, std::string text) { answer = std::move(text); });
    test::run_until(io, [&] { return server->connections() > 0; });
    run(server->stop(20ms));
    test::run_until(io, [&] { return answer != "unset"; });
    EXPECT_EQ(answer, "");
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(ServerTest, StopWaitsForAHandlerThatOutlastsTheGrace) {
    asio::steady_timer gate(io, std::chrono::hours(1));
    bool entered = false;
    bool left = false;
    serve([&](Request) -> asio::awaitable<Response> {
        entered = true;
        boost::system::error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        left = true;
        co_return Response(200);
    });
    std::string answer = "unset";
    asio::co_spawn(io, talk("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                   [&](const std::exception_ptr&, std::string text) { answer = std::move(text); });
    test::run_until(io, [&] { return entered; });
    bool stopped = false;
    asio::co_spawn(io, server->stop(1ms), [&](const std::exception_ptr&) { stopped = true; });
    test::run_until(io, [&] { return answer != "unset"; });  // the grace is over
    EXPECT_EQ(answer, "");
    EXPECT_FALSE(stopped);
    gate.cancel();
    test::run_until(io, [&] { return stopped; });
    EXPECT_TRUE(left);
}

// Nothing of the server is left when its first coroutine begins.
TEST_F(ServerTest, MayBeGoneBeforeItAccepts) {
    serve(echo);
    server.reset();
    io.run();
    EXPECT_TRUE(io.stopped());
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
    serve(echo);
    ServerOptions same;
    same.listen = server->address();
    const auto taken = Server::listen(io.get_executor(), same, echo);
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().is(std::errc::address_in_use)) << taken.error().to_string();
    EXPECT_NE(taken.error().context().find(same.listen), std::string::npos);
    same.listen = "nowhere";
    EXPECT_FALSE(Server::listen(io.get_executor(), same, echo));
    same.listen = "gateway.example:80";
    EXPECT_FALSE(Server::listen(io.get_executor(), same, echo));
}

}  // namespace
}  // namespace assay::http
