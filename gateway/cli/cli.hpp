// The command line of `assay`: one tree of verbs, described here and nowhere else. The only file of
// the gateway that knows CLI11 is cli.cpp.

#pragma once

namespace assay::gateway::cli {

// Parses, runs the verb, prints its answer; returns the process's exit status.
[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace assay::gateway::cli
