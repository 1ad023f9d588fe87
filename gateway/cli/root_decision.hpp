// What a member's root key decides: signed at once where the key is at hand, or written as a draft for
// the machine where it is kept (cli_draft.cpp). Used by `assay member` and `assay release policy`.

#pragma once

#include <optional>
#include <string_view>

#include "gateway/cli/member_verbs.hpp"
#include "gateway/cli/submission.hpp"
#include "gateway/member_folder.hpp"

namespace assay::gateway::cli {

struct RootOffice {
    MemberFolder folder;
    DaemonClient daemon;
    Membership membership;                   // its `self` is the member that decides
    std::optional<crypto::PrivateKey> root;  // absent: a draft is asked for
    std::filesystem::path draft;
};
[[nodiscard]] Answer<RootOffice> open_root_office(const std::filesystem::path& dir,
                                                  const std::string& ledger,
                                                  const RootSigning& signing);

// {leaf, final}, or {draft}; the text says that `what` is submitted, final or drafted.
[[nodiscard]] Outcome decide(const RootOffice& office,
                             const Statement& statement,
                             bool wait,
                             std::string_view what);

}  // namespace assay::gateway::cli
