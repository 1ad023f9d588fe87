// The command line of investigations: `device history`, `export` and `verify`. Fills the options of
// verbs.hpp.

#pragma once

#include <functional>

#include "gateway/cli/verbs.hpp"

namespace CLI {
class App;
}

namespace assay::gateway::cli {

// Filled while parsing; outlives the parser.
struct InvestigationRequest {
    HistoryOptions history;
    ExportOptions exported;
    VerifyOptions verify;
};

// All set `verb` to what was chosen.
void add_history_verb(CLI::App& device, InvestigationRequest& request, std::function<Outcome()>& verb);
void add_investigation_verbs(CLI::App& app,
                             InvestigationRequest& request,
                             std::function<Outcome()>& verb);

}  // namespace assay::gateway::cli
