// idle, polls, handshakes, storm: what connections and polls cost.

#include <ctime>

#include "bench/fleet/scenario.hpp"
#include "gateway/transport.hpp"

namespace assay::fleet {
namespace {

namespace json = boost::json;

// From the last connection on until it counts: what connecting has left to do is done.
constexpr std::chrono::seconds kSettled{3};

// When devices connect, ask and end.
struct Timetable {
    Steady::time_point begin;  // from then on it counts
    Steady::time_point until;
    Steady::duration ramp;      // before begin: in which they connect
    Steady::duration interval;  // from poll to poll of one device; 0: one after another
};

// Polls (or GETs) on one connection, the `place`th of `places`. With an interval, an answer's time
// counts from when the poll was due, whatever kept the device from sending it.
asio::awaitable<void> keep_asking(World& world,
                                  const FleetDevice& device,
                                  const Bytes& request,
                                  double place,
                                  const Timetable& times,
                                  Latencies& latencies) {
    const auto share_of = [place](Steady::duration time) {
        return std::chrono::duration_cast<Steady::duration>(time * place);
    };
    asio::steady_timer timer(world.io, times.begin - times.ramp + share_of(times.ramp));
    co_await timer.async_wait(kAsTuple);
    RawConnection connection = world.connection(device);
    const Result<void> opened = co_await connection.open();
    if (!opened) {
        world.note(opened.error());
        co_return;
    }
    auto asked = times.interval.count() == 0 ? Steady::now() : times.begin + share_of(times.interval);
    while (asked < times.until) {
        if (asked > Steady::now()) {
            timer.expires_at(asked);
            co_await timer.async_wait(kAsTuple);
        }
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) {
            world.note(answer.error());
            co_return;
        }
        if (answer->status != 200) world.note(std::string(as_text(answer->body)));
        const auto answered = Steady::now();
        if (asked >= times.begin) latencies.add(answered - asked);
        asked = times.interval.count() == 0 ? answered : asked + times.interval;
    }
    // Whoever has polled for the last time keeps its connection, as devices do, while others poll.
    timer.expires_at(times.until);
    co_await timer.async_wait(kAsTuple);
}

// Connects and polls once; the connection stays open in `kept`.
asio::awaitable<void> connect_and_poll(World& world,
                                       RawConnection& connection,
                                       const Bytes& request,
                                       Latencies& latencies,
                                       std::size_t& running) {
    const auto began = Steady::now();
    const Result<void> opened = co_await connection.open();
    if (opened) {
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) {
            world.note(answer.error());
        } else if (answer->status != 200) {
            world.note(std::string(as_text(answer->body)));
        } else {
            latencies.add(Steady::now() - began);
        }
    } else {
        world.note(opened.error());
    }
    --running;
}

// Starts one connection each time there is room for it, and no sooner than its turn.
asio::awaitable<void> start_all(World& world,
                                std::vector<RawConnection>& connections,
                                const Bytes& request,
                                Latencies& latencies,
                                std::size_t at_once,
                                std::chrono::duration<double> within) {
    std::size_t running = 0;
    asio::steady_timer timer(world.io);
    const auto began = Steady::now();
    for (std::size_t i = 0; i < connections.size(); ++i) {
        const auto turn = within * (static_cast<double>(i) / static_cast<double>(connections.size()));
        const auto due = began + std::chrono::duration_cast<Steady::duration>(turn);
        while (running >= at_once || Steady::now() < due) {
            timer.expires_after(std::chrono::milliseconds(1));
            co_await timer.async_wait(kAsTuple);
        }
        ++running;
        asio::co_spawn(world.io, connect_and_poll(world, connections[i], request, latencies, running),
                       asio::detached);
    }
    while (running > 0) {
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(kAsTuple);
    }
}

std::vector<RawConnection> all_connections(World& world) {
    std::vector<RawConnection> connections;
    connections.reserve(world.devices.size());
    for (const FleetDevice& device : world.devices) connections.push_back(world.connection(device));
    return connections;
}

asio::awaitable<void> shake_hands(World& world,
                                  const FleetDevice& device,
                                  const Bytes& request,
                                  Steady::time_point until,
                                  std::uint64_t& done) {
    while (Steady::now() < until) {
        RawConnection connection = world.connection(device);
        const Result<void> opened = co_await connection.open();
        if (!opened) {
            world.note(opened.error());
            co_return;
        }
        // The answer shows that the server took our certificate.
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer || answer->status != 200) {
            world.note(answer ? std::string(as_text(answer->body)) : answer.error().to_string());
            co_return;
        }
        ++done;
    }
}

double thread_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Both ends in this thread, bytes handed over: what the mathematics alone cost.
double handshakes_in_memory(const std::shared_ptr<const http::TlsContext>& client,
                            const std::shared_ptr<const http::TlsContext>& server,
                            double seconds) {
    const double began = thread_seconds();
    std::uint64_t done = 0;
    while (thread_seconds() - began < seconds) {
        http::TlsEngine a(client);
        http::TlsEngine b(server);
        bool a_done = false;
        bool b_done = false;
        for (int round = 0; round < 8 && !(a_done && b_done); ++round) {
            a_done = a.handshake().value_or(false);
            b.feed(a.take_output());
            b_done = b.handshake().value_or(false);
            a.feed(b.take_output());
        }
        if (!a_done || !b_done) return 0;
        ++done;
    }
    return static_cast<double>(done) / (thread_seconds() - began);
}

}  // namespace

json::object run_idle(World& world) {
    const std::size_t pid = world.options.number("pid", 0);
    const Bytes request = poll_request(world.options, 0);
    std::vector<RawConnection> connections = all_connections(world);
    Latencies latencies;
    const double before = resident_kib(pid);
    const auto began = Steady::now();
    asio::co_spawn(world.io, start_all(world, connections, request, latencies, 64, {}), asio::detached);
    world.io.run();
    const std::chrono::duration<double> took = Steady::now() - began;
    const double after = resident_kib(pid);
    json::object out;
    out["idle_mtls_connections"] = latencies.count();
    out["kib_per_connection"] = (after - before) / static_cast<double>(std::max<std::size_t>(1, latencies.count()));
    out["connect_s"] = took.count();
    return out;
}

json::object run_polls(World& world) {
    const std::size_t connections = world.options.number("connections", 64);
    const std::string get = world.options.text("get");
    const Bytes request = get.empty() ? poll_request(world.options, 0) : make_request("GET", get);
    Timetable times;
    times.ramp = std::chrono::seconds(world.options.number("ramp", 1));
    times.begin = Steady::now() + times.ramp + kSettled;
    times.until = times.begin + std::chrono::seconds(world.options.number("seconds", 5));
    times.interval = std::chrono::milliseconds(world.options.number("interval_ms", 0));
    Latencies latencies;
    for (std::size_t i = 0; i < connections; ++i) {
        const FleetDevice& device = world.devices[i % world.devices.size()];
        const double place = static_cast<double>(i) / static_cast<double>(connections);
        asio::co_spawn(world.io, keep_asking(world, device, request, place, times, latencies),
                       asio::detached);
    }
    world.io.run();
    json::object out;
    const auto seconds = static_cast<double>(world.options.number("seconds", 5));
    out["polls_per_s"] = static_cast<double>(latencies.count()) / seconds;
    out["poll_p50_ms"] = latencies.at(0.5);
    out["poll_p99_ms"] = latencies.at(0.99);
    return out;
}

json::object run_handshakes(World& world) {
    const std::size_t pid = world.options.number("pid", 0);
    const Bytes request = poll_request(world.options, 0);
    const auto seconds = world.options.number("seconds", 3);
    const auto until = Steady::now() + std::chrono::seconds(seconds);
    std::uint64_t done = 0;
    const double cpu_before = cpu_seconds(pid);
    const double own_before = thread_seconds();
    for (std::size_t i = 0; i < world.options.number("connections", 16); ++i) {
        asio::co_spawn(world.io, shake_hands(world, world.devices[i], request, until, done),
                       asio::detached);
    }
    world.io.run();
    const double cpu = cpu_seconds(pid) - cpu_before + thread_seconds() - own_before;
    // One device's certificate on both sides: the server's part does not depend on whose it is.
    const gateway::MemberFolder member(world.options.text("member"));
    const auto server_tls = gateway::devices_server_tls(member);
    json::object out;
    out["handshakes_per_s"] = static_cast<double>(done) / static_cast<double>(seconds);
    out["handshakes_per_cpu_s"] = static_cast<double>(done) / cpu;
    out["in_memory_per_cpu_s"] =
        server_tls ? handshakes_in_memory(world.devices.front().tls, *server_tls, 1.0) : 0;
    return out;
}

json::object run_storm(World& world) {
    const Bytes request = poll_request(world.options, 0);
    std::vector<RawConnection> connections = all_connections(world);
    Latencies latencies;
    const std::chrono::duration<double> within(static_cast<double>(world.options.number("seconds", 30)));
    const auto began = Steady::now();
    asio::co_spawn(world.io,
                   start_all(world, connections, request, latencies, world.devices.size(), within),
                   asio::detached);
    world.io.run();
    json::object out;
    out["connected"] = latencies.count();
    out["seconds"] = std::chrono::duration<double>(Steady::now() - began).count();
    out["p99_ms"] = latencies.at(0.99);
    return out;
}

}  // namespace assay::fleet
