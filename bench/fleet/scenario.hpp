// What the scenarios of assay-fleet share: the fleet, the gateway's address, the clock of the
// measurement and the figures of latencies.

#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>

#include "bench/fleet/fleet.hpp"
#include "bench/fleet/raw_connection.hpp"
#include "device/protocol/messages.hpp"
#include "device/protocol/paths.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::fleet {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

// --name value
class Options {
  public:
    Options(int argc, const char* const* argv, int first);
    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = {}) const;
    [[nodiscard]] std::size_t number(const std::string& name, std::size_t otherwise) const;

  private:
    std::map<std::string, std::string> values_;
};

// What happened, in milliseconds.
class Latencies {
  public:
    void add(Steady::duration time) { ms_.push_back(std::chrono::duration<double, std::milli>(time).count()); }
    [[nodiscard]] double at(double share);
    [[nodiscard]] std::size_t count() const noexcept { return ms_.size(); }

  private:
    std::vector<double> ms_;
};

struct World {
    World(const Options& given, std::vector<FleetDevice> fleet_devices, asio::ip::tcp::endpoint address)
        : options{given}, devices{std::move(fleet_devices)}, gateway{std::move(address)} {}

    [[nodiscard]] RawConnection connection(const FleetDevice& device) {
        return {io.get_executor(), gateway, device.tls};
    }

    const Options& options;
    std::vector<FleetDevice> devices;
    asio::ip::tcp::endpoint gateway;
    asio::io_context io{1};
    std::uint64_t errors = 0;
    std::string first_error;

    void note(const Error& error) { note(error.to_string()); }
    void note(const std::string& error) {
        if (errors++ == 0) first_error = error;
    }
};

// The poll of a device of --vendor, --class and --component that runs `sequence`.
[[nodiscard]] protocol::PollRequest poll_of(const Options& options, std::uint64_t sequence);
[[nodiscard]] Bytes poll_request(const Options& options, std::uint64_t sequence, std::string_view query = {});

// Processor seconds of a process, and its resident KiB.
[[nodiscard]] double cpu_seconds(std::size_t pid);
[[nodiscard]] double resident_kib(std::size_t pid);

using Scenario = boost::json::object (*)(World&);
// Many idle connections: memory for each. --pid
boost::json::object run_idle(World& world);
// As many polls as go, or GETs of --get, over --connections, for --seconds, or each device one in
// --interval_ms. Devices connect within --ramp seconds.
boost::json::object run_polls(World& world);
// Full handshakes with both certificates, against the same in memory. --pid, --seconds
boost::json::object run_handshakes(World& world);
// Every device connects and polls once within --seconds.
boost::json::object run_storm(World& world);
// Every device downloads the release that it is offered, or --get, hashes and discards it.
boost::json::object run_download(World& world);
// Signed receipts, --each from every device, as fast as they are acknowledged.
boost::json::object run_receipts(World& world);
// Every device takes the release it is offered: proof, chunks, receipts. --seconds (from when all are
// connected), --cut PER MILLE, --counter
boost::json::object run_rollout(World& world);

// Devices that mean harm, all but the first --honest: forged and replayed receipts, floods, stalls,
// cuts, for --seconds. Counts what should have been refused and was not.
boost::json::object run_hostile(World& world);

}  // namespace assay::fleet
