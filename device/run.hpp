// The agent's main loop, as `assay-device run` runs it.

#pragma once

#include <filesystem>

#include "device/event_log.hpp"
#include "device/restart_plan.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace assay::device {

enum class RunEnd {
    kDone,     // as `until` says, or the device is going down
    kRestart,  // the device is to start again, which for a process is to execute itself
};

// One agent at a time may run in a folder.
[[nodiscard]] Result<FileLock> lock_folder(const std::filesystem::path& folder);

// Restarts the device after Next::Kind::kRestart.
[[nodiscard]] Result<RunEnd> restart_device(const protocol::DeviceConfig& config);

// Puts the restart into a new slot off, for `seconds` from now (0: not any longer).
[[nodiscard]] Result<Postponement> postpone_restart(const std::filesystem::path& folder,
                                                    std::uint64_t seconds);

enum class RunUntil {
    kStopped,    // from outside
    kIdle,       // nothing is left to do now
    kInstalled,  // a release is confirmed and the gateway has every receipt
};

// Ends by a restart, by `until`, or by an error of this device's own; a signal may end it at any moment,
// since every step is journalled.
[[nodiscard]] Result<RunEnd> run_agent(const std::filesystem::path& folder,
                                       RunUntil until,
                                       const EventLog& log);

}  // namespace assay::device
