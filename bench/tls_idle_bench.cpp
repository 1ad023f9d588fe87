// What an idle mutual-TLS connection costs the HTTP server: opens connections from a second
// process, makes one request on each, and reads this process's resident memory before and after.
//
//     tls_idle_bench [connections]
//
// Prints one JSON object; kib_per_connection is the figure to compare with the promise of 40 KiB.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/http/server.hpp"
#include "host/http/stream.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/tls_certificates.hpp"

namespace {

namespace asio = boost::asio;
using namespace assay;

// The first connections pay for what all share: OpenSSL's tables, Asio's caches, the heap itself.
constexpr unsigned kWarmUp = 50;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "tls_idle_bench: %s\n", what);
    std::exit(1);
}

std::shared_ptr<const http::TlsContext> make_context(http::TlsRole role,
                                                     const test::TestCertificate& own,
                                                     const test::TestCertificate& ca) {
    http::TlsOptions options(role, own.certificate_pem(), own.key_pem());
    options.ca_pem = ca.certificate_pem();
    auto made = http::TlsContext::make(options);
    require(made.has_value(), "TLS context");
    return *made;
}

double resident_kib() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

asio::awaitable<bool> use_once(http::Stream& stream) {
    const Result<void> secured = co_await stream.handshake();
    if (!secured) co_return false;
    const Result<void> sent =
        co_await stream.write_all(as_bytes("GET /poll HTTP/1.1\r\nHost: h\r\n\r\n"));
    if (!sent) co_return false;
    Bytes answer(4096);
    const Result<std::size_t> count = co_await stream.read_some(answer);
    co_return count&&* count > 0;
}

// The other process: opens as many connections as it is told, says when, and keeps them.
int run_client(int commands, int replies, std::shared_ptr<const http::TlsContext> tls) {
    asio::io_context io{1};
    std::vector<std::unique_ptr<http::Stream>> streams;
    std::uint32_t port = 0;
    std::uint32_t count = 0;
    if (::read(commands, &port, sizeof port) != sizeof port) return 1;
    const asio::ip::tcp::endpoint server(asio::ip::make_address("127.0.0.1"),
                                         static_cast<std::uint16_t>(port));
    while (::read(commands, &count, sizeof count) == sizeof count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            asio::ip::tcp::socket socket(io);
            socket.connect(server);
            streams.push_back(std::make_unique<http::Stream>(std::move(socket), tls));
            if (!test::run_awaitable(io, use_once(*streams.back()))) return 1;
        }
        const char done = '.';
        if (::write(replies, &done, 1) != 1) return 1;
    }
    return 0;
}

asio::awaitable<void> open_connections(int commands,
                                       asio::posix::stream_descriptor& replies,
                                       std::uint32_t count) {
    require(::write(commands, &count, sizeof count) == sizeof count, "client is gone");
    char done = 0;
    co_await asio::async_read(replies, asio::buffer(&done, 1), asio::use_awaitable);
}

asio::awaitable<http::Response> answer_poll(http::Request /*request*/) {
    co_return http::Response(200, "application/json", "{}");
}

int run_server(int commands,
               int replies,
               std::shared_ptr<const http::TlsContext> tls,
               unsigned connections) {
    asio::io_context io{1};
    http::ServerOptions options;
    options.tls = std::move(tls);
    options.connections_max = connections + kWarmUp;
    options.idle_timeout = std::chrono::hours(1);
    auto server = http::Server::listen(io.get_executor(), options, answer_poll);
    require(server.has_value(), "listen");
    (*server)->start();

    const std::uint32_t port = (*server)->port();
    require(::write(commands, &port, sizeof port) == sizeof port, "client is gone");
    asio::posix::stream_descriptor descriptor(io, replies);
    test::run_awaitable(io, open_connections(commands, descriptor, kWarmUp));
    const double before = resident_kib();
    test::run_awaitable(io, open_connections(commands, descriptor, connections));
    const double after = resident_kib();
    require((*server)->connections() == connections + kWarmUp, "connections were lost");
    std::printf("{\"bench\":\"tls_idle\",\"connections\":%u,\"kib_per_connection\":%.1f}\n",
                connections, (after - before) / connections);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned connections = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 500;
    require(connections > 0, "usage: tls_idle_bench [connections]");
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);

    const auto ca = test::make_ca("bench CA");
    const auto server_tls = make_context(http::TlsRole::kServer, test::issue(ca, "gateway"), ca);
    const auto client_tls = make_context(http::TlsRole::kClient, test::issue(ca, "device"), ca);
    std::array<int, 2> commands{};
    std::array<int, 2> replies{};
    require(::pipe(commands.data()) == 0 && ::pipe(replies.data()) == 0, "pipe");
    const pid_t child = ::fork();
    require(child >= 0, "fork");
    if (child == 0) {
        ::close(commands[1]);
        std::_Exit(run_client(commands[0], replies[1], client_tls));
    }
    ::close(commands[0]);
    ::close(replies[1]);
    return run_server(commands[1], replies[0], server_tls, connections);
}
