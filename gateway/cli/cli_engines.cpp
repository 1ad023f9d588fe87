// assay engines: what this machine can hash and mine with, why "auto" does what it does, and OpenCL
// programs compiled ahead.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/api/engine_json.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/compute/engine_binary.hpp"
#include "host/compute/engine_registry.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

std::string rates_line(const compute::EngineRates& rates) {
    return fmt::format(
        "{:>14} {:.1f} MH/s; {:.2f} GB/s, {:.2f} GB/s a message; {:.0f} us a batch\n", "",
        static_cast<double>(rates.hashes_per_s) * 1e-6,
        static_cast<double>(rates.bytes_per_s) * 1e-9,
        static_cast<double>(rates.lane_bytes_per_s) * 1e-9,
        static_cast<double>(rates.launch_ns) * 1e-3);
}

// As many kibibytes as there are, if it is at least one.
std::string bytes_text(std::uint64_t bytes) {
    return bytes < 1024 ? fmt::format("{} B", bytes) : fmt::format("{} KiB", bytes / 1024);
}

std::string choice_text(const compute::Explanation& explanation) {
    std::string text = fmt::format("\nmining        {}\nhashing       {}\n",
                                   explanation.mine_reason, explanation.hash_reason);
    text += fmt::format("\n{:>8} {:>10}  {:<28} {:>10}   each alone\n", "messages", "each up to",
                        "hashed by", "predicted");
    for (const compute::BatchChoice& choice : explanation.batches) {
        std::string alone;
        for (const auto& [name, seconds] : choice.alone) {
            alone += fmt::format("{}{} {:.1f} us", alone.empty() ? "" : ", ", name, seconds * 1e6);
        }
        text += fmt::format("{:>8} {:>10}  {:<28} {:>7.1f} us   {}\n", choice.batch.messages,
                            bytes_text(choice.batch.longest), choice.engines, choice.seconds * 1e6,
                            alone);
    }
    return text;
}

}  // namespace

Outcome list_engines(const EngineListOptions& options) {
    compute::EngineOptions engine_options = compute::engine_options_from_environment();
    if (!options.engine.empty()) engine_options.forced = options.engine;
    engine_options.binary = options.binary;
    compute::Engines engines(std::move(engine_options));
    std::vector<compute::EngineReport> reports = engines.list();
    if (reports.empty()) {
        return give_up(ExitCode::kFailure, "there is no engine \"" + options.engine + "\"",
                       "`assay engines` without --engine lists all there are.");
    }
    Output output;
    std::string choice;
    if (options.explain) {
        const auto explanation = engines.explain();
        if (!explanation) return give_up(explanation.error());
        output.json["auto"] = describe_choice(*explanation);
        choice = choice_text(*explanation);
        reports = explanation->engines;
    } else if (!options.binary.empty()) {
        // A binary that cannot be used is an error here, too.
        const auto found = engines.find_hash(options.engine.empty() ? "opencl" : options.engine);
        if (!found) return give_up(found.error());
    }
    json::array list;
    bool all_passed = true;
    for (const compute::EngineReport& report : reports) {
        list.push_back(describe_engine(report));
        output.text +=
            fmt::format("{:<14} {:<8} {}\n", report.name, report.self_test, report.description);
        if (report.rates && options.explain) output.text += rates_line(*report.rates);
        all_passed = all_passed && report.self_test == "passed";
    }
    output.text += choice;
    output.json["engines"] = std::move(list);
    output.json["all_passed"] = all_passed;
    return output;
}

Outcome compile_engines(const std::filesystem::path& out) {
    const auto compiled = compute::compile_engine_binary(out);
    if (!compiled) return give_up(compiled.error());
    const auto loaded = compute::load_engine_binary(out);
    if (!loaded) return give_up(loaded.error());
    Output output;
    json::array devices;
    for (std::size_t i = 0; i < compiled->size() && i < loaded->size(); ++i) {
        const compute::BinaryReport& device = (*compiled)[i];
        json::object row;
        row["device"] = device.device;
        row["programs"] = device.programs;
        row["compile_ms"] = milliseconds(device.took);
        row["load_ms"] = milliseconds((*loaded)[i].took);
        devices.push_back(std::move(row));
        output.text += fmt::format(
            "{}: {} programs, compiled and tested in {:.0f} ms, loaded in "
            "{:.1f} ms\n",
            device.device, device.programs, milliseconds(device.took),
            milliseconds((*loaded)[i].took));
    }
    output.text += fmt::format("wrote {}\n", out.string());
    output.json["binary"] = out.string();
    output.json["devices"] = std::move(devices);
    return output;
}

}  // namespace assay::gateway::cli
