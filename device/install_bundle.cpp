#include "device/install_bundle.hpp"

#include "device/bundle_source.hpp"
#include "device/device_folder.hpp"
#include "device/run.hpp"

namespace assay::device {
namespace {

// Whether a round has led anywhere. Receipts and counted refusals do not.
bool has_moved(const AgentState& before, const AgentState& after) {
    return before.phase != after.phase || before.pending != after.pending ||
           before.installed != after.installed || before.epoch != after.epoch;
}

// The release of the medium whose trial this start of the agent has ended, if it has.
std::optional<ledger::LeafHash> settled_by_start(const AgentState& before,
                                                 const AgentState& after,
                                                 const BundleSource& source) {
    const bool was_due = before.phase == Phase::kInstalled || before.phase == Phase::kTrying;
    if (!was_due || is_under_way(after.phase)) return std::nullopt;
    if (!source.holds(before.pending->release)) return std::nullopt;
    return before.pending->release;
}

BundleReport report_on(const Agent& agent, const std::optional<ledger::LeafHash>& release) {
    BundleReport report;
    const AgentState& state = agent.state();
    if (state.installed) {
        report.version = state.installed->version;
        report.sequence = state.installed->sequence;
    }
    if (agent.problem()) {
        report.word = problem_word(*agent.problem());
        report.detail = agent.problem()->context();
    } else if (state.phase == Phase::kInstalled) {
        report.end = BundleEnd::kWaiting;
    } else if (release && state.installed && state.installed->release == *release) {
        report.end = BundleEnd::kInstalled;
    }
    return report;
}

}  // namespace

std::string_view to_string(BundleEnd end) noexcept {
    switch (end) {
        case BundleEnd::kInstalled:
            return "installed";
        case BundleEnd::kWaiting:
            return "waiting";
        case BundleEnd::kRestart:
            return "restart";
        case BundleEnd::kRebooting:
            return "rebooting";
        case BundleEnd::kFailed:
            break;
    }
    return "failed";
}

Result<BundleReport> install_bundle(const std::filesystem::path& folder,
                                    const std::filesystem::path& medium,
                                    const EventLog& log) {
    const auto lock = lock_folder(folder);
    if (!lock) return fail(lock.error());
    const auto source = BundleSource::open(medium, log);
    if (!source) return fail(source.error());
    DiskStorage storage;
    auto device = open_device(folder, storage);
    if (!device) return fail(std::move(device).error());
    // Somebody stands there with the medium in his hand: a release is tried again at once.
    device->options.refused_pause = Milliseconds{0};
    const auto before = StateFile(folder / kStateFile, storage).load();
    if (!before) return fail(before.error());

    const SystemClock clock;
    const BootLoader boot(*device->boot_store, device->running);
    const AgentParts parts{device->key, **source, storage, boot, log,
                           device->config.clock ? &clock : nullptr, device->installer.get()};
    Agent agent(device->options, parts);
    auto next = agent.start();
    if (!next) return fail(std::move(next).error());
    std::optional<ledger::LeafHash> release =
        settled_by_start(*before, agent.state(), **source);
    const bool is_settled = release.has_value();
    bool is_moving = !is_settled;
    while (is_moving && next->kind == Agent::Next::Kind::kSleep) {
        const AgentState last = agent.state();
        next = agent.round();
        if (!next) return fail(std::move(next).error());
        release = (*source)->offered();
        is_moving = has_moved(last, agent.state());
    }
    BundleReport report = report_on(agent, release);
    // Back to the old slot, where there is no boot loader, is what the next start makes of it.
    const bool is_over = is_settled && !device->config.boot_loader;
    if (next->kind == Agent::Next::Kind::kRestart && !is_over) {
        const auto restarted = restart_device(device->config);
        if (!restarted) return fail(restarted.error());
        report.end =
            *restarted == RunEnd::kRestart ? BundleEnd::kRestart : BundleEnd::kRebooting;
    }
    return report;
}

}  // namespace assay::device
