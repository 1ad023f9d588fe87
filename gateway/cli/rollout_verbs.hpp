// The command line of rollouts, and of what they know of devices: fills the options of verbs.hpp.

#pragma once

#include <functional>

#include "gateway/cli/verbs.hpp"

namespace CLI {
class App;
}

namespace assay::gateway::cli {

// Filled while parsing; outlives the parser.
struct RolloutRequest {
    LabelOptions label;
    RetryOptions retry;
    RolloutOptions plan;
    RolloutActionOptions action;
    FolderOptions list;
};

// Both set `verb` to what was chosen.
void add_device_verbs(CLI::App& device, RolloutRequest& request, std::function<Outcome()>& verb);
void add_rollout_verbs(CLI::App& app, RolloutRequest& request, std::function<Outcome()>& verb);

}  // namespace assay::gateway::cli
