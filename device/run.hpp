// The agent's main loop, as `assay-device run` runs it.

#pragma once

#include <filesystem>

#include "device/event_log.hpp"
#include "host/base/result.hpp"

namespace assay::device {

enum class RunEnd {
    kDone,     // with `once`: nothing is left to do now
    kRestart,  // the device is to start again, which for a process is to execute itself
};

// One agent at a time may run in a folder. Ends by a restart, by `once`, or by an error of this
// device's own; a signal may end it at any moment, since every step is journalled.
[[nodiscard]] Result<RunEnd> run_agent(const std::filesystem::path& folder,
                                       bool once,
                                       const EventLog& log);

}  // namespace assay::device
