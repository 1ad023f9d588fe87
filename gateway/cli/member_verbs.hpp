// The command line of everything that a root key decides, and of drafts, which are how a key decides
// that is kept on a machine without a network.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/output.hpp"

namespace CLI {
class App;
}

namespace assay::gateway::cli {

// Which root key decides, and where it is.
struct RootSigning {
    std::filesystem::path key;    // empty: the folder's
    std::filesystem::path draft;  // not empty: nothing is signed here, the draft is written there
    std::string as_member;        // who decides by the draft; empty: the folder's member
};

// cli_member.cpp
struct MemberOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    bool wait = false;
    RootSigning root;
};
[[nodiscard]] Outcome list_members(const MemberOptions& options);
// The two halves of it: `assay ledger members`, `assay ledger proposals`.
[[nodiscard]] Outcome show_members(const MemberOptions& options);
[[nodiscard]] Outcome show_proposals(const MemberOptions& options);

[[nodiscard]] Outcome recover_epoch(const MemberOptions& options);
[[nodiscard]] Outcome resume_voting(const MemberOptions& options);

struct ProposeOptions {
    MemberOptions common;
    std::string kind;
    std::string member;
    std::filesystem::path card;
    std::vector<std::string> roles;
    std::string param;
    std::uint64_t value = 0;
    std::uint32_t blocks = 40'000;  // it may be approved in so many
};
[[nodiscard]] Outcome propose_change(const ProposeOptions& options);

struct ApproveOptions {
    MemberOptions common;
    std::string leaf;
};
[[nodiscard]] Outcome approve_change(const ApproveOptions& options);

struct RotateOptions {
    MemberOptions common;
    std::string key;
};
[[nodiscard]] Outcome rotate_key(const RotateOptions& options);

struct RevokeOptions {
    MemberOptions common;
    std::string key_id;                  // empty: the tx key in use
    std::optional<std::uint64_t> since;  // log index
};
[[nodiscard]] Outcome revoke_key(const RevokeOptions& options);

// cli_draft.cpp
struct SignDraftOptions {
    std::filesystem::path dir = ".";
    std::filesystem::path file;
    std::filesystem::path out;      // empty: the file itself
    std::filesystem::path key;      // empty: whichever of the folder's keys the draft asks for
    std::filesystem::path genesis;  // of the ledger it is for; empty: the folder's
};
[[nodiscard]] Outcome show_draft(const SignDraftOptions& options);
[[nodiscard]] Outcome sign_draft(const SignDraftOptions& options);

struct SubmitDraftOptions {
    std::filesystem::path dir = ".";
    std::vector<std::filesystem::path> files;  // copies of one draft
    bool wait = false;
};
[[nodiscard]] Outcome submit_draft(const SubmitDraftOptions& options);

// Filled while parsing; outlives the parser.
struct MemberRequest {
    MemberOptions common;
    ProposeOptions propose;
    ApproveOptions approve;
    RotateOptions rotate;
    RevokeOptions revoke;
};
struct DraftRequest {
    SignDraftOptions sign;
    SubmitDraftOptions submit;
};
// They describe `assay member` and `assay draft` to the command line; the verb that is chosen goes to
// `chosen`.
void add_member_verbs(CLI::App& app, MemberRequest& request, std::function<Outcome()>& chosen);
void add_draft_verbs(CLI::App& app, DraftRequest& request, std::function<Outcome()>& chosen);
// --root-key and --draft, for a verb that a root key signs.
void add_root_options(CLI::App& verb, RootSigning& root);

}  // namespace assay::gateway::cli
