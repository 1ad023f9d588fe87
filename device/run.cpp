#include "device/run.hpp"

#include <thread>

#include "device/command.hpp"
#include "device/device_folder.hpp"
#include "device/gateway_client.hpp"
#include "device/protocol/paths.hpp"

namespace assay::device {

Result<FileLock> lock_folder(const std::filesystem::path& folder) {
    auto lock = FileLock::acquire(folder / "lock");
    if (lock) return lock;
    const bool is_taken = lock.error().is(std::errc::resource_unavailable_try_again);
    return fail(std::move(lock).error().within(is_taken ? "another agent runs in this folder"
                                                        : "run assay-device init first"));
}

// A real restart ends this process; if none comes, the agent ends and is started again by whoever
// looks after it.
Result<RunEnd> restart_device(const protocol::DeviceConfig& config) {
    if (!config.boot_loader) return RunEnd::kRestart;
    Command command;
    command.arguments = config.restart_command;
    const auto ran = run_command(command);
    if (!ran) return fail(Error(ran.error()).within("restart the device"));
    return RunEnd::kDone;
}

Result<Postponement> postpone_restart(const std::filesystem::path& folder, std::uint64_t seconds) {
    const auto config = read_config(folder);
    if (!config) return fail(config.error());
    if (!config->clock) return fail(std::errc::not_supported, "a device without a clock cannot wait");
    DiskStorage storage;
    const auto state = StateFile(folder / kStateFile, storage).load();
    if (!state) return fail(state.error());
    std::optional<ledger::LeafHash> pending;
    if (state->pending) pending = state->pending->release;
    const auto now = SystemClock().now().time_since_epoch().count();
    return postpone(folder, storage, restart_plan_of(*config), pending,
                    static_cast<std::uint64_t>(now), seconds);
}

Result<RunEnd> run_agent(const std::filesystem::path& folder, RunUntil until, const EventLog& log) {
    const auto lock = lock_folder(folder);
    if (!lock) return fail(lock.error());
    DiskStorage storage;
    const auto device = open_device(folder, storage);
    if (!device) return fail(device.error());
    const SystemClock clock;
    GatewayClient::Limits limits;
    limits.timeout = std::chrono::seconds(device->config.gateway_timeout_s);
    limits.bytes_per_s = std::uint64_t{device->config.bandwidth_kib_s} * 1024;
    GatewayClient gateway(device->config.gateway, device->tls, limits);
    const BootLoader boot(*device->boot_store, device->running);
    const AgentParts parts{device->key, gateway, storage, boot, log,
                           device->config.clock ? &clock : nullptr, device->installer.get(),
                           device->newest_checkpoint.get()};
    AgentOptions options = device->options;
    if (until == RunUntil::kStopped) options.poll_wait = Milliseconds(protocol::kWaitMsMax);
    Agent agent(std::move(options), parts);
    auto next = agent.start();
    for (;;) {
        if (!next) return fail(std::move(next).error());
        if (next->kind == Agent::Next::Kind::kRestart) return restart_device(device->config);
        if (until == RunUntil::kIdle && next->pause.count() > 0) return RunEnd::kDone;
        const AgentState& state = agent.state();
        const bool is_installed = state.installed && !is_under_way(state.phase);
        if (until == RunUntil::kInstalled && is_installed && state.outbox.empty()) {
            return RunEnd::kDone;
        }
        std::this_thread::sleep_for(next->pause);
        next = agent.round();
    }
}

}  // namespace assay::device
