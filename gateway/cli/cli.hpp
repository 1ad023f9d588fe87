// The command line of `assay`: one tree of verbs, described here and nowhere else. Only cli.cpp, and
// image_verbs.cpp for its group, know CLI11.

#pragma once

namespace assay::gateway::cli {

// Parses, runs the verb, prints its answer; returns the process's exit status.
[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace assay::gateway::cli
