// assay-fleet: thousands of virtual devices in one process, over mutual TLS, against a gateway.
//
//     assay-fleet seed --member GW --count N --out FILE     enrols them; the gateway must not run
//     assay-fleet SCENARIO --fleet FILE --devices N --address HOST:PORT [options]
//
// Scenarios: idle, polls, hostile, handshakes, storm, download, receipts, rollout (scenario.hpp says what
// options each has; --pid PID of the gateway, too). Prints one JSON object; its `errors` are what an honest device should not meet.

#include <cstdio>
#include <cstring>
#include <iostream>

#include <boost/json/serialize.hpp>
#include <sys/resource.h>

#include "bench/fleet/scenario.hpp"
#include "host/http/url.hpp"

namespace {

using namespace assay;

int give_up(const std::string& why) {
    std::cerr << "assay-fleet: " << why << "\n";
    return 1;
}

fleet::Scenario scenario_of(std::string_view name) {
    if (name == "idle") return fleet::run_idle;
    if (name == "polls") return fleet::run_polls;
    if (name == "hostile") return fleet::run_hostile;
    if (name == "handshakes") return fleet::run_handshakes;
    if (name == "storm") return fleet::run_storm;
    if (name == "download") return fleet::run_download;
    if (name == "receipts") return fleet::run_receipts;
    if (name == "rollout") return fleet::run_rollout;
    return nullptr;
}

int run_scenario(fleet::Scenario scenario, const fleet::Options& options) {
    auto devices = fleet::load_fleet(options.text("fleet"), options.number("devices", 1));
    if (!devices) return give_up(devices.error().to_string());
    const auto address = http::parse_endpoint(options.text("address"));
    if (!address) return give_up(address.error().to_string());
    const boost::asio::ip::tcp::endpoint gateway(boost::asio::ip::make_address(address->host),
                                                 address->port);
    fleet::World world(options, std::move(*devices), gateway);
    const std::size_t pid = options.number("pid", 0);
    const double cpu_before = fleet::cpu_seconds(pid);
    boost::json::object result = scenario(world);
    result["devices"] = world.devices.size();
    if (pid != 0) result["gateway_cpu_s"] = fleet::cpu_seconds(pid) - cpu_before;
    result["errors"] = world.errors;
    if (world.errors > 0) result["first_error"] = world.first_error;
    std::cout << boost::json::serialize(result) << "\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view name = argc > 1 ? argv[1] : "";
    const fleet::Options options(argc, argv, 2);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    try {
        if (name == "seed") {
            const auto seeded = fleet::seed_fleet(options.text("member"), options.number("count", 100),
                                                  options.text("out"));
            return seeded ? 0 : give_up(seeded.error().to_string());
        }
        if (const auto scenario = scenario_of(name)) return run_scenario(scenario, options);
    } catch (const std::exception& error) {
        return give_up(error.what());
    }
    return give_up("the first argument is seed, idle, polls, hostile, handshakes, storm, download, receipts or rollout");
}
