#include "device/run.hpp"

#include <thread>

#include "device/device_folder.hpp"

namespace assay::device {

Result<RunEnd> run_agent(const std::filesystem::path& folder, bool once, const EventLog& log) {
    const auto lock = FileLock::acquire(folder / "lock");
    if (!lock && lock.error().is(std::errc::resource_unavailable_try_again)) {
        return fail(Error(lock.error()).within("another agent runs in this folder"));
    }
    if (!lock) return fail(Error(lock.error()).within("run assay-device init first"));
    const auto device = open_device(folder);
    if (!device) return fail(device.error());
    const SystemClock clock;
    const DurableWrites writes;
    GatewayClient gateway(device->config.gateway, device->tls);
    Agent agent(device->options, device->key, gateway, writes, log,
                device->config.clock ? &clock : nullptr);
    auto next = agent.start();
    for (;;) {
        if (!next) return fail(std::move(next).error());
        if (next->kind == Agent::Next::Kind::kRestart) return RunEnd::kRestart;
        if (once && next->pause.count() > 0) return RunEnd::kDone;
        std::this_thread::sleep_for(next->pause);
        next = agent.round();
    }
}

}  // namespace assay::device
