// The measuring program of `scripts/bench compute`. Prints one JSON object.
//
//     compute_report engines                      what there is, tested
//     compute_report rates [--plots] [--tiny]     rounds of every rate (rates.hpp)
//     compute_report cancel [--tiny]              engine -> milliseconds
//     compute_report latency ENGINE SHARE [--tiny]  of hashing 1 MiB, idle and while that mines
//     compute_report mine ENGINE SECONDS          one rate, wall time
//     compute_report rest                         memory once every engine has worked
//     compute_report compile FILE | load FILE     an offline binary: making it, starting from it

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <unistd.h>

#include "bench/compute/contenders.hpp"
#include "bench/compute/latency.hpp"
#include "bench/compute/rates.hpp"
#include "host/compute/engine_binary.hpp"
#include "host/compute/engine_registry.hpp"

namespace {

namespace json = boost::json;
using namespace assay;
using compute::EngineReport;
using compute::Engines;

template <typename T>
T require(Result<T> result) {
    if (result) return *std::move(result);
    std::fprintf(stderr, "compute_report: %s\n", result.error().to_string().c_str());
    std::exit(1);
}

json::object describe(Engines& engines) {
    json::object out;
    for (const EngineReport& report : engines.list()) {
        json::object engine;
        engine["description"] = report.description;
        engine["self_test"] = report.self_test;
        engine["mine"] = report.mine;
        engine["hash"] = report.hash;
        out[report.name] = std::move(engine);
    }
    return out;
}

json::object rates(Engines& engines, bool plots, bool tiny) {
    bench::RateOptions options;
    options.plots = plots;
    if (tiny) {
        options.rounds = {2, 0.001};
        options.memory_mib = 4;
    }
    json::object out;
    for (const auto& [group, contenders] : bench::measure_rates(engines, options)) {
        json::object rates_by_name;
        for (const bench::Rates& rate : contenders) {
            json::object rounds;
            rounds["cpu"] = json::value_from(rate.per_cpu_s);
            rounds["wall"] = json::value_from(rate.per_wall_s);
            rates_by_name[rate.name] = std::move(rounds);
        }
        out[group] = std::move(rates_by_name);
    }
    return out;
}

json::object cancel(Engines& engines, bool tiny) {
    json::object out;
    for (const EngineReport& report : engines.list()) {
        if (!report.mine) continue;
        compute::PowEngine& engine = *require(engines.find_pow(report.name)).engine;
        out[report.name] = json::value_from(bench::cancel_ms(engine, tiny ? 2 : 100));
    }
    return out;
}

json::object latency(Engines& engines, std::string_view miner, double share, bool tiny) {
    const auto measured =
        bench::hash_latency(*require(engines.find_hash("auto")).engine,
                            *require(engines.find_pow(miner)).engine, share, tiny ? 1 : 8,
                            tiny ? 0.05 : 0.6);
    json::object out;
    out["idle_ms"] = json::value_from(measured.idle_ms);
    out["mining_ms"] = json::value_from(measured.mining_ms);
    return out;
}

json::object mine(Engines& engines, std::string_view name, double seconds) {
    const bench::Contender contender =
        bench::mining(std::string(name), *require(engines.find_pow(name)).engine);
    double hashes = 0;
    const bench::Cost start = bench::now();
    while ((bench::now() - start).wall_s < seconds) hashes += contender.run();
    json::object out;
    out["hashes_per_wall_s"] = hashes / (bench::now() - start).wall_s;
    return out;
}

// Of this process, libraries and drivers included.
double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// What engines keep while nothing is asked of them: once they are found and tested, when they have
// just worked, and when they have then been idle for as long as they keep their buffers.
json::object rest() {
    json::object out;
    compute::EngineOptions options = compute::engine_options_from_environment();
    options.supervision.rest_after = std::chrono::milliseconds{500};
    Engines engines(options);
    const auto reports = engines.list();
    out["tested_mb"] = resident_mb();
    {
        const bench::Messages messages(64, 256 << 10);
        for (const EngineReport& report : reports) {
            if (report.mine) (void)bench::mining(report.name, *engines.find_pow(report.name)->engine);
            if (!report.hash) continue;
            compute::HashEngine& engine = *engines.find_hash(report.name)->engine;
            bench::hashing(report.name, engine, {messages.views()}).run();
        }
    }
    out["worked_mb"] = resident_mb();
    std::this_thread::sleep_for(4 * options.supervision.rest_after);
    out["rested_mb"] = resident_mb();
    return out;
}

json::object binary(const std::vector<compute::BinaryReport>& reports) {
    json::object out;
    for (const compute::BinaryReport& report : reports) {
        json::object device;
        device["programs"] = report.programs;
        device["ms"] = std::chrono::duration<double, std::milli>(report.took).count();
        out[report.device] = std::move(device);
    }
    return out;
}

int usage() {
    std::fprintf(stderr, "usage: compute_report engines|rates|cancel|latency|mine|rest|compile|load\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string_view> arguments(argv + 1, argv + argc);
    const auto has_flag = [&](std::string_view flag) {
        return std::erase(arguments, flag) > 0;
    };
    const bool tiny = has_flag("--tiny");
    const bool plots = has_flag("--plots");
    if (arguments.empty()) return usage();
    const std::string_view what = arguments[0];
    if (what == "rest") {
        std::cout << json::serialize(rest()) << '\n';
        return 0;
    }
    if ((what == "compile" || what == "load") && arguments.size() == 2) {
        std::cout << json::serialize(binary(require(what == "load"
                                                        ? compute::load_engine_binary(arguments[1])
                                                        : compute::compile_engine_binary(arguments[1]))))
                  << '\n';
        return 0;
    }
    Engines engines;
    json::object out;
    if (what == "engines") {
        out = describe(engines);
    } else if (what == "rates") {
        out = rates(engines, plots, tiny);
    } else if (what == "cancel") {
        out = cancel(engines, tiny);
    } else if (what == "latency" && arguments.size() == 3) {
        out = latency(engines, arguments[1], std::atof(arguments[2].data()), tiny);
    } else if (what == "mine" && arguments.size() == 3) {
        out = mine(engines, arguments[1], std::atof(arguments[2].data()));
    } else {
        return usage();
    }
    std::cout << json::serialize(out) << '\n';
    return 0;
}
