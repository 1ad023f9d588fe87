// assay-device: the update agent of an embedded Linux device.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "device/device_folder.hpp"
#include "device/factory.hpp"
#include "device/install_bundle.hpp"
#include "device/run.hpp"
#include "host/http/message.hpp"

namespace {

using namespace assay;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

device::EventLog make_log(bool json) {
    using Form = device::EventLog::Form;
    return {json ? stdout : stderr, json ? Form::kJson : Form::kText};
}

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
    const auto done = device::install_bundle(folder, bundle, make_log(json));
    if (!done) return report(done.error());
    if (done->end == device::BundleEnd::kRestart) return execute_again(argv);
    print_bundle_report(*done, json);
    return done->end == device::BundleEnd::kFailed ? kExitFailed : 0;
}

int run(const std::string& folder, bool once, bool json, char** argv) {
    const auto until = once ? device::RunUntil::kIdle : device::RunUntil::kStopped;
    const auto ended = device::run_agent(folder, until, make_log(json));
    if (!ended) return report(ended.error());
    if (*ended == device::RunEnd::kDone) return 0;
    return execute_again(argv);
}

// Blank to enrolled to installed; after the restart into the new slot it comes by here again.
int produce(const device::FactoryOptions& options, bool json, char** argv) {
    const device::EventLog log = make_log(json);
    if (auto enrolled = device::enrol_blank_device(options, log); !enrolled) {
        return report(enrolled.error());
    }
    const auto ended = device::run_agent(options.folder, device::RunUntil::kInstalled, log);
    if (!ended) return report(ended.error());
    return *ended == device::RunEnd::kDone ? 0 : execute_again(argv);
}

struct Arguments {
    std::string folder;
    bool json = false;
    bool once = false;
    std::string bundle;
    std::uint64_t postpone_s = 0;
    protocol::DeviceConfig config;  // init, factory
    device::FactoryOptions factory;
    std::uint64_t patience_s = 3600;
};

CLI::App* add_command(CLI::App& app, Arguments& given, const char* name, const char* about) {
    CLI::App* const command = app.add_subcommand(name, about);
    command->add_option("--dir", given.folder, "The device's folder")->required();
    command->add_flag("--json", given.json, "Print JSON");
    return command;
}

void add_identity(CLI::App& command, protocol::DeviceConfig& config) {
    command.add_option("--id", config.id, "Serial number")->required();
    command.add_option("--vendor", config.vendor, "Vendor: name or UUID")->required();
    command.add_option("--class", config.device_class, "Hardware class: name or UUID")->required();
    command.add_option("--component", config.component, "Component that is updated")->required();
    command.add_option("--health", config.health, "Health check: command and arguments");
    command.add_flag("!--no-clock", config.clock, "Its clock cannot be relied on");
}

CLI::App* add_factory(CLI::App& app, Arguments& given) {
    CLI::App* const command =
        add_command(app, given, "factory",
                    "Make a blank device an enrolled one that runs the newest release; needs no clock");
    add_identity(*command, given.config);
    command
        ->add_option("--gateway", given.factory.factory,
                     "URL of the gateway's listener for blank devices")
        ->required();
    CLI::Option_group* const token = command->add_option_group("token");
    token->require_option(1);
    token->add_option("--token", given.factory.token,
                      "From `assay device token`; without what is before its dot the device waits until "
                      "the operator accepts it");
    token->add_option("--token-file", given.factory.token_file,
                      "A file whose first line is the token, which others on this machine then do not see "
                      "(-: standard input)");
    command->add_option("--hardware", given.factory.hardware, "Hardware revision");
    command->add_option("--wait", given.patience_s, "Seconds until it must be enrolled")
        ->capture_default_str();
    return command;
}

// CLI11 says only that a verb is missing, also when one was given that does not exist.
int usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const auto strange = app.remaining(true);
    const bool has_verb = !app.get_subcommands().empty();
    if (has_verb || strange.empty() || strange.front().starts_with('-')) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    std::cerr << "assay-device: there is no verb \"" << strange.front() << "\". There are:\n";
    for (const CLI::App* const verb : app.get_subcommands({})) {
        std::cerr << "  " << verb->get_name() << ": " << verb->get_description() << "\n";
    }
    return kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Installs firmware releases that this device has proved genuine by itself.",
                 "assay-device"};
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  assay-device factory --dir D --id SERIAL --vendor acme.example --class edge-x64 \\\n"
        "      --component firmware --gateway https://gateway.example:8474 --token TOKEN\n"
        "  assay-device run --dir D\n"
        "  assay-device install --dir D --bundle /media/usb\n"
        "  assay-device postpone --dir D --for 86400");
    Arguments given;
    auto* init_command =
        add_command(app, given, "init", "Make the device's key and certificate request");
    add_identity(*init_command, given.config);
    init_command->add_option("--gateway", given.config.gateway,
                             "URL of the gateway's device listener");
    auto* factory_command = add_factory(app, given);
    auto* run_command = add_command(app, given, "run", "Keep the device up to date");
    run_command->add_flag("--once", given.once, "End when there is nothing to do");
    auto* install_command = add_command(
        app, given, "install", "Install from a medium, without a gateway; the same checks");
    install_command
        ->add_option("--bundle", given.bundle, "What `assay release bundle` wrote, or a folder of such")
        ->required();
    auto* postpone_command =
        add_command(app, given, "postpone", "Put the restart into a new slot off");
    postpone_command->add_option("--for", given.postpone_s, "Seconds from now; 0: no longer")
        ->required();
    auto* status_command =
        add_command(app, given, "status", "Show what runs and what was refused");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage_error(app, error);
    }
    try {
        if (*init_command) return init(given.folder, given.config, given.json);
        if (*status_command) return status(given.folder, given.json);
        if (*postpone_command) return postpone(given.folder, given.postpone_s, given.json);
        if (*install_command) return install(given.folder, given.bundle, given.json, argv);
        if (*factory_command) {
            given.factory.folder = given.folder;
            given.factory.config = given.config;
            given.factory.patience = std::chrono::seconds(given.patience_s);
            return produce(given.factory, given.json, argv);
        }
        return run(given.folder, given.once, given.json, argv);
    } catch (const std::exception& error) {
        std::cerr << "assay-device: " << error.what() << "\n";
        return kExitFailed;
    }
}
