// assay rollout create, list, show, pause, resume, abort, approve, advance, delete, dry-run; assay device
// label, retry.

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/parse_number.hpp"
#include "host/base_daemon/config_file.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kDevicesShown = 40;

std::vector<std::string_view> split_at(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<std::uint64_t> percent_of(std::string_view text) {
    if (text.ends_with('%')) text.remove_suffix(1);
    return parse_number(text);
}

tl::unexpected<Failure> no_duration(std::string_view text) {
    return give_up(ExitCode::kUsage, fmt::format("\"{}\" is not a duration", text),
                   "A duration is like \"90s\", \"30m\", \"24h\" or \"7d\".");
}

// "10%", "10%,success=95,soak=24h,gate"
Answer<json::object> phase_of(std::string_view text) {
    json::object phase;
    const auto parts = split_at(text, ',');
    const auto percent = percent_of(parts.front());
    const auto no_phase = [&] {
        return give_up(ExitCode::kUsage, fmt::format("\"{}\" is not a phase", text),
                       "A phase is like \"10%\" or \"10%,success=95,soak=24h,gate\".");
    };
    if (!percent) return no_phase();
    phase["percent"] = *percent;
    for (const std::string_view part : std::span(parts).subspan(1)) {
        if (part == "gate") {
            phase["gate"] = true;
        } else if (part.starts_with("success=")) {
            const auto success = percent_of(part.substr(8));
            if (!success) return no_phase();
            phase["success_percent"] = *success;
        } else if (part.starts_with("soak=")) {
            const auto soak = parse_duration(part.substr(5));
            if (!soak) return no_duration(part.substr(5));
            phase["soak_s"] = soak->count() / 1000;
        } else {
            return no_phase();
        }
    }
    return phase;
}

json::array list_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

// What the daemon is sent; the daemon checks it.
Answer<json::object> plan_of(const RolloutOptions& options) {
    json::object plan;
    plan["id"] = options.id;
    plan["release"] = options.release;
    json::object& filter = plan["filter"].emplace_object();
    filter["sites"] = list_of(options.sites);
    filter["tags"] = list_of(options.tags);
    filter["versions"] = list_of(options.versions);
    filter["devices"] = list_of(options.devices);
    if (!options.phases.empty()) {
        json::array& phases = plan["phases"].emplace_array();
        for (const std::string& text : options.phases) {
            auto phase = phase_of(text);
            if (!phase) return tl::unexpected(phase.error());
            phases.push_back(std::move(*phase));
        }
    }
    plan["abort_percent"] = options.abort_percent;
    plan["abort_finished_min"] = options.abort_finished_min;
    if (!options.begin.empty()) plan["begin"] = options.begin;
    if (!options.end.empty()) plan["end"] = options.end;
    plan["windows"] = list_of(options.windows);
    plan["zone"] = options.zone;
    plan["priority"] = options.priority;
    plan["under_way_max"] = options.under_way_max;
    json::object& deadlines = plan["deadlines"].emplace_object();
    const std::pair<const char*, std::string> given[] = {{"waiting_s", options.deadline_waiting},
                                                         {"offered_s", options.deadline_offered},
                                                         {"verified_s", options.deadline_verified},
                                                         {"installed_s", options.deadline_installed}};
    for (const auto& [name, text] : given) {
        if (text.empty()) continue;
        const auto duration = parse_duration(text);
        if (!duration) return no_duration(text);
        deadlines[name] = duration->count() / 1000;
    }
    return plan;
}

// " waiting 3", or nothing if the daemon did not say.
std::string count_of(const json::object& devices, const char* name, std::string_view label) {
    return devices.contains(name) ? fmt::format("  {} {}", label, text_at(devices, name)) : std::string();
}

std::string line_of(const json::object& rollout) {
    const json::object& devices = rollout.at("devices").as_object();
    std::string line =
        fmt::format("{:<20} {:<8} phase {}/{} ({} %)", text_at(rollout, "id"), text_at(rollout, "stage"),
                    text_at(rollout, "phase"), text_at(rollout, "phases"), text_at(rollout, "phase_percent"));
    line += count_of(devices, "done", "done") + count_of(devices, "under_way", "under way");
    if (text_at(devices, "retried") != "0") line += fmt::format(" ({} again)", text_at(devices, "retried"));
    line += count_of(devices, "waiting", "waiting") + count_of(devices, "failed", "failed");
    if (text_at(devices, "given_up") != "0") line += fmt::format(" ({} given up)", text_at(devices, "given_up"));
    line += count_of(devices, "matching", "of") + "\n";
    if (rollout.contains("reason")) line += fmt::format("    {}\n", text_at(rollout, "reason"));
    if (rollout.contains("waits_for") && !rollout.at("waits_for").as_string().empty()) {
        line += fmt::format("    Waits for: {}\n", text_at(rollout, "waits_for"));
    }
    if (!rollout.at("next").as_string().empty()) {
        line += fmt::format("    Next: {}\n", text_at(rollout, "next"));
    }
    return line;
}

std::string times_in(const json::object& answer) {
    std::string line;
    if (answer.contains("begin")) line += fmt::format("    begins {}\n", text_at(answer, "begin"));
    if (answer.contains("end")) line += fmt::format("    ends {}\n", text_at(answer, "end"));
    return line;
}

std::string warnings_in(const json::object& answer) {
    std::string lines;
    const json::value* const warnings = answer.if_contains("warnings");
    if (warnings == nullptr) return lines;
    for (const json::value& warning : warnings->as_array()) {
        lines += fmt::format("Warning: {}\n", std::string_view(warning.as_string()));
    }
    return lines;
}

Output shown(json::object rollout) {
    Output output;
    output.text = warnings_in(rollout) + line_of(rollout);
    output.text += fmt::format("    release {} ({}), window {}\n", text_at(rollout, "release"),
                               text_at(rollout, "release_stage"),
                               rollout.at("window_open").as_bool() ? "open" : "closed");
    output.text += times_in(rollout);
    for (const json::value& value : rollout.at("failed").as_array()) {
        output.text += fmt::format("    failed: {:<20} {}\n", text_at(value.as_object(), "id"),
                                   text_at(value.as_object(), "word"));
    }
    output.json = std::move(rollout);
    return output;
}

Output shown_devices(json::object answer) {
    Output output;
    for (const auto& verdict : answer.at("verdicts").as_object()) {
        output.text += fmt::format("{:>8}  {}\n", verdict.value().to_number<std::int64_t>(),
                                   std::string_view(verdict.key()));
    }
    std::size_t left = kDevicesShown;
    for (const json::value& value : answer.at("devices").as_array()) {
        const json::object& device = value.as_object();
        if (left-- == 0) {
            output.text += "  ... (all of them: --json)\n";
            break;
        }
        output.text += fmt::format("  {:<20} {}{}\n", text_at(device, "id"), text_at(device, "verdict"),
                                   device.contains("phase") ? " in phase " + text_at(device, "phase") : "");
    }
    if (output.text.empty()) output.text = "No device is enrolled.\n";
    output.text.insert(0, warnings_in(answer) + times_in(answer));
    output.json = std::move(answer);
    return output;
}

}  // namespace

Outcome create_rollout(const RolloutOptions& options) {
    const auto plan = plan_of(options);
    if (!plan) return tl::unexpected(plan.error());
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto rollout = daemon->post("/v1/rollouts", "application/json", as_bytes(json::serialize(*plan)));
    if (!rollout) return tl::unexpected(rollout.error());
    return shown(std::move(*rollout));
}

Outcome try_rollout(const RolloutOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    if (options.release.empty()) {  // one that exists
        auto devices = daemon->get("/v1/rollouts/" + options.id + "/devices");
        if (!devices) return tl::unexpected(devices.error());
        return shown_devices(std::move(*devices));
    }
    const auto plan = plan_of(options);
    if (!plan) return tl::unexpected(plan.error());
    auto devices =
        daemon->post("/v1/rollouts/dry-run", "application/json", as_bytes(json::serialize(*plan)));
    if (!devices) return tl::unexpected(devices.error());
    return shown_devices(std::move(*devices));
}

Outcome list_rollouts(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto rollouts = daemon->get("/v1/rollouts");
    if (!rollouts) return tl::unexpected(rollouts.error());
    Output output;
    for (const json::value& value : rollouts->at("rollouts").as_array()) {
        output.text += line_of(value.as_object());
    }
    if (output.text.empty()) output.text = "There is no rollout.\n";
    output.json = std::move(*rollouts);
    return output;
}

Outcome show_rollout(const RolloutActionOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto rollout = daemon->get("/v1/rollouts/" + options.id);
    if (!rollout) return tl::unexpected(rollout.error());
    return shown(std::move(*rollout));
}

Outcome change_rollout(const RolloutActionOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto rollout =
        daemon->post("/v1/rollouts/" + options.id + "/" + options.action, "application/json", {});
    if (!rollout) return tl::unexpected(rollout.error());
    return shown(std::move(*rollout));
}

Outcome delete_rollout(const RolloutActionOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto gone = daemon->post("/v1/rollouts/" + options.id + "/delete", "application/json", {});
    if (!gone) return tl::unexpected(gone.error());
    Output output;
    output.text = fmt::format("{} is deleted; its release still goes out by rollouts alone\n", options.id);
    output.json = std::move(*gone);
    return output;
}

Outcome retry_device(const RetryOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto device = daemon->post("/v1/devices/" + options.id + "/retry", "application/json", {});
    if (!device) return tl::unexpected(device.error());
    Output output;
    output.text = fmt::format("{}: {}\n", options.id,
                              device->contains("assignment") ? text_at(*device, "assignment") : "not-reported");
    output.json = std::move(*device);
    return output;
}

Outcome label_device(const LabelOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    json::object labels;
    if (options.site) labels["site"] = *options.site;
    if (options.tags) labels["tags"] = list_of(*options.tags);
    auto device = daemon->post("/v1/devices/" + options.id + "/labels", "application/json",
                               as_bytes(json::serialize(labels)));
    if (!device) return tl::unexpected(device.error());
    Output output;
    output.text = fmt::format("{}: site {}, tags {}\n", options.id, text_at(*device, "site"),
                              json::serialize(device->at("tags")));
    output.json = std::move(*device);
    return output;
}

}  // namespace assay::gateway::cli
