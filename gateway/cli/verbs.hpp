// The verbs of `assay` and what each is told. cli.cpp fills the options from the command line; each
// verb lives in the cli_*.cpp of its group and answers with an Outcome.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/cli/image_verbs.hpp"
#include "gateway/cli/member_verbs.hpp"
#include "gateway/cli/output.hpp"

namespace assay::gateway::cli {

// init --name: a member's keys, card and folder (cli_init.cpp)
struct InitMemberOptions {
    std::filesystem::path dir;
    std::string name;
    std::vector<std::string> roles;
    std::string algorithm = "ed25519";
    std::string contact;
    std::string host = "127.0.0.1";
    std::uint16_t base_port = 8470;  // 0: any free ports
};
[[nodiscard]] Outcome init_member(const InitMemberOptions& options);

// init --genesis: founds a consortium from cards (cli_genesis.cpp)
struct FoundOptions {
    std::vector<std::filesystem::path> cards;
    std::filesystem::path out;
    std::string origin = "assay.example";
    std::string interval = "15s";
    std::string heartbeat = "1h";
    std::string pow_limit = "1e00ffff";
    bool retarget = true;
};
[[nodiscard]] Outcome found_consortium(const FoundOptions& options);

struct FolderOptions {
    std::filesystem::path dir = ".";
};
[[nodiscard]] Outcome list_keys(const FolderOptions& options);      // cli_init.cpp
[[nodiscard]] Outcome run_daemon(const FolderOptions& options);     // cli_run.cpp
[[nodiscard]] Outcome show_status(const FolderOptions& options);    // cli_status.cpp
[[nodiscard]] Outcome list_releases(const FolderOptions& options);  // cli_release.cpp
[[nodiscard]] Outcome list_devices(const FolderOptions& options);   // cli_device.cpp
[[nodiscard]] Outcome show_ledgers(const FolderOptions& options);   // cli_ledger.cpp

struct EngineListOptions {
    std::string engine;            // only what this name covers; empty: all
    std::filesystem::path binary;  // offline programs for OpenCL devices; empty: none
    bool explain = false;
};
[[nodiscard]] Outcome list_engines(const EngineListOptions& options);     // cli_engines.cpp
[[nodiscard]] Outcome compile_engines(const std::filesystem::path& out);  // cli_engines.cpp

struct PolicyOptions {
    std::filesystem::path dir = ".";
    std::string vendor;
    std::uint64_t version = 0;  // 0: one more than the one on the ledger
    std::uint64_t threshold = 1;
    std::vector<std::string> release_keys;  // members whose tx keys release; empty: this member
    std::vector<std::string> delegations;   // "CARD:pattern[,pattern...]"
    std::vector<std::string> status_keys;   // members whose tx keys sign statuses
    RootSigning root;
    bool wait = false;
};
[[nodiscard]] Outcome set_policy(const PolicyOptions& options);  // cli_policy.cpp

struct PublishOptions {
    std::filesystem::path dir = ".";
    std::filesystem::path file;
    std::string vendor;
    std::string device_class;
    std::string component;
    std::uint64_t sequence = 0;
    std::string version;
    std::string payload = "raw";
    std::string urgency = "routine";
    ImportOptions import;
    std::uint64_t min_sequence = 0;  // 0: none
    std::uint64_t retain_years = 10;
    bool wait = false;
};
[[nodiscard]] Outcome publish_release(const PublishOptions& options);  // cli_release.cpp

// cli_release_draft.cpp: a release that several members sign offline
struct DraftOptions {
    PublishOptions release;
    std::vector<std::string> signers;  // members; empty: this one
    std::filesystem::path out;
};
[[nodiscard]] Outcome draft_release(const DraftOptions& options);

struct RecallOptions {
    std::filesystem::path dir = ".";
    std::string leaf;
    std::string reason = "withdrawn";
    std::uint64_t safe_sequence = 0;  // 0: none is named
    bool force_forward = false;
    bool wait = false;
};
[[nodiscard]] Outcome recall_release(const RecallOptions& options);  // cli_recall.cpp

struct StatusOptions {
    std::filesystem::path dir = ".";
    std::string leaf;  // of the release that is the current one
    std::uint64_t min_sequence = 0;
    std::string valid = "14d";  // two status periods: one may be missed
    bool wait = false;
};
[[nodiscard]] Outcome state_release(const StatusOptions& options);  // cli_release_status.cpp

struct ReleaseBundleOptions {
    std::filesystem::path dir = ".";
    std::string leaf;  // empty: the newest of vendor, class and component
    std::string vendor, device_class, component;
    std::filesystem::path out;
    std::uint64_t epoch = 0;  // the oldest that a device may know
};
[[nodiscard]] Outcome write_release_bundle(const ReleaseBundleOptions& options);  // cli_release_bundle.cpp

struct EnrolOptions {
    std::filesystem::path dir = ".";
    std::string id;
    std::filesystem::path csr;
    std::string vendor;
    std::filesystem::path out;
    bool replace_key = false;
};
[[nodiscard]] Outcome enrol_device(const EnrolOptions& options);  // cli_device.cpp

// cli_rollout.cpp
struct RolloutOptions {
    std::filesystem::path dir = ".";
    std::string id;
    std::string release;  // leaf hash; for a dry run empty: of the rollout that has the id
    std::vector<std::string> sites, tags, versions, devices;
    std::vector<std::string> phases;  // "10%,success=95,soak=24h,gate"
    unsigned abort_percent = 10;
    std::uint32_t abort_finished_min = 1;
    std::string begin, end;  // RFC 3339; empty: none
    std::vector<std::string> windows;
    std::string zone = "UTC";
    int priority = 0;
    std::uint32_t under_way_max = 0;
    std::string deadline_waiting, deadline_offered, deadline_verified, deadline_installed;
};
[[nodiscard]] Outcome create_rollout(const RolloutOptions& options);
[[nodiscard]] Outcome try_rollout(const RolloutOptions& options);
[[nodiscard]] Outcome list_rollouts(const FolderOptions& options);

struct RolloutActionOptions {
    std::filesystem::path dir = ".";
    std::string id;
    std::string action;  // pause, resume, abort, approve, advance
};
[[nodiscard]] Outcome show_rollout(const RolloutActionOptions& options);
[[nodiscard]] Outcome change_rollout(const RolloutActionOptions& options);
[[nodiscard]] Outcome delete_rollout(const RolloutActionOptions& options);

struct LabelOptions {
    std::filesystem::path dir = ".";
    std::string id;
    std::optional<std::string> site;
    std::optional<std::vector<std::string>> tags;
};
[[nodiscard]] Outcome label_device(const LabelOptions& options);

struct RetryOptions {
    std::filesystem::path dir = ".";
    std::string id;
};
[[nodiscard]] Outcome retry_device(const RetryOptions& options);

// cli_investigation.cpp
struct HistoryOptions {
    std::filesystem::path dir = ".";
    std::string id;
};
[[nodiscard]] Outcome show_history(const HistoryOptions& options);

struct ExportOptions {
    std::filesystem::path dir = ".";
    std::string device;
    std::string release;   // leaf hash
    std::string from, to;  // date, date and time, or seconds; empty: no bound
    std::filesystem::path out;
};
[[nodiscard]] Outcome export_case(const ExportOptions& options);
// "2026-01-31T23:59:59Z"
[[nodiscard]] std::string utc_text(std::uint64_t seconds);

struct BlockOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    std::uint32_t height = 0;
};
[[nodiscard]] Outcome show_block(const BlockOptions& options);  // cli_ledger.cpp

struct TransactionOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    std::string id;  // leaf hash or txid
};
[[nodiscard]] Outcome show_transaction(const TransactionOptions& options);  // cli_ledger.cpp
[[nodiscard]] Outcome show_events(const MemberOptions& options);            // cli_ledger.cpp

struct ProveOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    std::string leaf;
    std::string device;                 // instead: all that is on record of it, as a case file
    std::string format = "tlog-proof";  // or "device-proof"
    std::filesystem::path out;
};
[[nodiscard]] Outcome prove(const ProveOptions& options);  // cli_prove.cpp

struct LogPolicyOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    std::filesystem::path out;
};
[[nodiscard]] Outcome write_log_policy(const LogPolicyOptions& options);  // cli_prove.cpp

struct BundleOptions {
    std::filesystem::path dir = ".";
    std::string ledger = "consortium";
    std::filesystem::path file;
    std::uint32_t since = 1;  // height of the first block that is written
};
[[nodiscard]] Outcome write_bundle(const BundleOptions& options);  // cli_bundle.cpp
[[nodiscard]] Outcome read_bundle(const BundleOptions& options);   // cli_bundle.cpp

struct VerifyOptions {
    std::filesystem::path file;
    std::vector<std::filesystem::path> more_files;  // case files, to be taken together with it
    std::filesystem::path anchor;  // for a device proof
    std::vector<std::filesystem::path> policies;  // one, for a tlog-proof; for a case file, several
    std::string leaf;              // what the tlog-proof must be about; empty: its own entry
};
[[nodiscard]] Outcome verify_proof(const VerifyOptions& options);  // cli_verify.cpp

}  // namespace assay::gateway::cli
