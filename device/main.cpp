// assay-device: the update agent of an embedded Linux device.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "device/device_folder.hpp"
#include "device/install_bundle.hpp"
#include "device/run.hpp"
#include "host/http/message.hpp"

namespace {

using namespace assay;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int report(const Error& error) {
    std::cerr << "assay-device: " << error.to_string() << "\n";
    return kExitFailed;
}

int init(const std::string& folder, const protocol::DeviceConfig& config, bool json) {
    if (auto made = device::init_device(folder, config); !made) return report(made.error());
    const std::string request = folder + "/" + std::string(protocol::kRequestFile);
    if (json) {
        std::cout << "{\"id\":" << http::json_quote(config.id)
                  << ",\"csr\":" << http::json_quote(request) << "}\n";
    } else {
        std::cout << "Device " << config.id << " has a key and a certificate request.\n"
                  << "Next, at its gateway: assay device enrol --dir GATEWAY --id " << config.id
                  << " --csr " << request << " --vendor " << config.vendor << " --out " << folder
                  << "\n";
    }
    return 0;
}

int status(const std::string& folder, bool json) {
    const auto found = device::read_status(folder);
    if (!found) return report(found.error());
    std::cout << (json ? protocol::to_json(*found) + "\n" : protocol::to_text(*found));
    return 0;
}

int postpone(const std::string& folder, std::uint64_t seconds, bool json) {
    const auto done = device::postpone_restart(folder, seconds);
    if (!done) return report(done.error());
    if (json) {
        std::cout << "{\"until\":" << done->until << "}\n";
    } else {
        std::cout << "No restart into a new slot before " << done->until
                  << " (seconds since 1970).\n";
    }
    return 0;
}

// Becomes this program again, with the same arguments.
int execute_again(char** argv) {
    ::execv("/proc/self/exe", argv);
    std::perror("assay-device: restart");
    return kExitFailed;
}

void print_bundle_report(const device::BundleReport& report, bool json) {
    const std::string result(device::to_string(report.end));
    if (json) {
        std::cout << "{\"result\":" << http::json_quote(result) << ",\"word\":"
                  << http::json_quote(report.word) << ",\"detail\":" << http::json_quote(report.detail)
                  << ",\"version\":" << http::json_quote(report.version)
                  << ",\"sequence\":" << report.sequence << "}\n";
    } else if (report.end == device::BundleEnd::kFailed) {
        std::cerr << "assay-device: not installed: " << report.word << ": " << report.detail << "\n";
    } else {
        std::cout << result << "; version " << (report.version.empty() ? "none" : report.version)
                  << " (sequence " << report.sequence << ") runs now\n";
    }
}

int install(const std::string& folder, const std::string& bundle, bool json, char** argv) {
    using device::EventLog;
    const EventLog log(json ? stdout : stderr,
                       json ? EventLog::Form::kJson : EventLog::Form::kText);
    const auto done = device::install_bundle(folder, bundle, log);
    if (!done) return report(done.error());
    if (done->end == device::BundleEnd::kRestart) return execute_again(argv);
    print_bundle_report(*done, json);
    return done->end == device::BundleEnd::kFailed ? kExitFailed : 0;
}

int run(const std::string& folder, bool once, bool json, char** argv) {
    using device::EventLog;
    const EventLog log(json ? stdout : stderr,
                       json ? EventLog::Form::kJson : EventLog::Form::kText);
    const auto ended = device::run_agent(folder, once, log);
    if (!ended) return report(ended.error());
    if (*ended == device::RunEnd::kDone) return 0;
    return execute_again(argv);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Installs firmware releases that this device has proved genuine by itself."};
    app.require_subcommand(1);
    std::string folder;
    protocol::DeviceConfig config;
    bool json = false;
    bool once = false;

    const auto add_common = [&](CLI::App* command) {
        command->add_option("--dir", folder, "The device's folder")->required();
        command->add_flag("--json", json, "Print JSON");
    };
    auto* init_command =
        app.add_subcommand("init", "Make the device's key and certificate request");
    add_common(init_command);
    init_command->add_option("--id", config.id, "Serial number")->required();
    init_command->add_option("--vendor", config.vendor, "Vendor: name or UUID")->required();
    init_command->add_option("--class", config.device_class, "Hardware class: name or UUID")
        ->required();
    init_command->add_option("--component", config.component, "Component that is updated")
        ->required();
    init_command->add_option("--gateway", config.gateway, "URL of the gateway's device listener");
    init_command->add_option("--health", config.health, "Health check: command and arguments");
    auto* run_command = app.add_subcommand("run", "Keep the device up to date");
    add_common(run_command);
    run_command->add_flag("--once", once, "End when there is nothing to do");
    std::string bundle;
    auto* install_command =
        app.add_subcommand("install", "Install from a medium, without a gateway; the same checks");
    add_common(install_command);
    install_command
        ->add_option("--bundle", bundle, "What `assay release bundle` wrote, or a folder of such")
        ->required();
    std::uint64_t seconds = 0;
    auto* postpone_command =
        app.add_subcommand("postpone", "Put the restart into a new slot off");
    add_common(postpone_command);
    postpone_command->add_option("--for", seconds, "Seconds from now; 0: no longer")->required();
    auto* status_command = app.add_subcommand("status", "Show what runs and what was refused");
    add_common(status_command);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    try {
        if (*init_command) return init(folder, config, json);
        if (*status_command) return status(folder, json);
        if (*postpone_command) return postpone(folder, seconds, json);
        if (*install_command) return install(folder, bundle, json, argv);
        return run(folder, once, json, argv);
    } catch (const std::exception& error) {
        std::cerr << "assay-device: " << error.what() << "\n";
        return kExitFailed;
    }
}
