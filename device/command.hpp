// Runs a program of the device's owner: a health check, an installer, a boot script. Bounded in time
// and in what is kept of its output. One thread; blocks.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace assay::device {

struct Command {
    std::vector<std::string> arguments;    // program (looked up in PATH) and arguments
    std::vector<std::string> environment;  // "NAME=value", on top of the agent's own
    std::chrono::seconds deadline{60};
    // If its output holds this, it succeeded whatever its status (installer.hpp, SWUpdate).
    std::string success_text = {};
};

inline constexpr std::size_t kCommandOutputMax = 4096;

// What it wrote to stdout and stderr, the last kCommandOutputMax bytes. Fails, saying why, if it did
// not start, did not end with status 0, or did not end in time: then it and all that it started in
// its process group are killed.
[[nodiscard]] Result<std::string> run_command(const Command& command);

}  // namespace assay::device
