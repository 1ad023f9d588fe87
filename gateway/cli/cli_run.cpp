// assay run: the daemon, in the foreground.

#include "gateway/app.hpp"
#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"

namespace assay::gateway::cli {

Outcome run_daemon(const FolderOptions& options) {
    const MemberFolder folder(options.dir);
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    auto app = App::create(folder);
    if (!app) {
        Failure failure(app.error());
        if (failure.code == ExitCode::kLocked) failure.advice = "Stop it first, or use its REST.";
        return tl::unexpected(std::move(failure));
    }
    if (const auto ran = (*app)->run(); !ran) return give_up(ran.error());
    return Output{};
}

}  // namespace assay::gateway::cli
