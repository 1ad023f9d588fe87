// Installation from a medium, as `assay-device install` does it: the agent with a BundleSource in the
// place of its gateway, until nothing moves any more.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "device/event_log.hpp"
#include "host/base/result.hpp"

namespace assay::device {

enum class BundleEnd {
    kInstalled,  // runs and is confirmed
    kWaiting,    // installed; the device restarts into it in its maintenance window
    kRestart,    // the process is to execute itself, and goes on with the same call
    kRebooting,  // the device restarts; the agent settles the rest when it is up again
    kFailed,     // `word` and `detail` say why; what was copied is kept
};
// "installed", "waiting", ...
[[nodiscard]] std::string_view to_string(BundleEnd end) noexcept;

struct BundleReport {
    BundleEnd end = BundleEnd::kFailed;
    std::string word;
    std::string detail;
    std::string version;  // that runs; empty on a blank device
    std::uint64_t sequence = 0;
};

// `medium`: a bundle, or a folder of bundles. No other agent may run in `folder`. An Error: there is no
// bundle that can be read, or the device itself has failed.
[[nodiscard]] Result<BundleReport> install_bundle(const std::filesystem::path& folder,
                                                  const std::filesystem::path& medium,
                                                  const EventLog& log);

}  // namespace assay::device
