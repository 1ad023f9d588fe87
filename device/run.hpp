// The agent's main loop, as `assay-device run` runs it.

#pragma once

#include <filesystem>

#include "device/event_log.hpp"
#include "device/restart_plan.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace assay::device {

enum class RunEnd {
    kDone,     // with `once`: nothing is left to do now
    kRestart,  // the device is to start again, which for a process is to execute itself
};

// One agent at a time may run in a folder.
[[nodiscard]] Result<FileLock> lock_folder(const std::filesystem::path& folder);

// Restarts the device after Next::Kind::kRestart. kRestart: the process is to execute itself; kDone: the
// device is going down.
[[nodiscard]] Result<RunEnd> restart_device(const protocol::DeviceConfig& config);

// Puts the restart into a new slot off, for `seconds` from now (0: not any longer).
[[nodiscard]] Result<Postponement> postpone_restart(const std::filesystem::path& folder,
                                                    std::uint64_t seconds);

// Ends by a restart, by `once`, or by an error of this
// device's own; a signal may end it at any moment, since every step is journalled.
[[nodiscard]] Result<RunEnd> run_agent(const std::filesystem::path& folder,
                                       bool once,
                                       const EventLog& log);

}  // namespace assay::device
