// Judges a case file (case_file.hpp) by tlog-policies that whoever asks has from elsewhere: what the
// file proves, what its gateway merely tells, and what is missing. No ledger, no daemon, no clock.
//
// Proved means: in the log under a checkpoint that a quorum of members cosigned, which took it only by
// the ledger's rules. Pure.

#pragma once

#include <span>

#include "gateway/investigation/case_file.hpp"
#include "ledger/core/log_policy.hpp"

namespace assay::gateway {

struct CaseLogSummary {
    std::string origin;  // empty: the file has no checkpoint of it
    std::uint64_t size = 0;
    LogHash root;
    std::uint64_t time = 0;  // of the checkpoint: all that is proved was final then
    std::vector<std::string> witnesses;
    std::string chain_id;  // hexadecimal; empty without entries
};

struct CaseRelease {
    ledger::LeafHash leaf;
    std::string issuer, vendor, device_class, component, version;
    std::uint64_t sequence = 0;
    std::uint64_t index = 0;             // in the log
    std::uint64_t height = 0, time = 0;  // as the gateway tells
    bool is_signature_checked = false;   // against the policy of its vendor, which is in the file
    std::string recalled;                // the reason, if it was
    std::uint64_t recalled_at = 0;       // index in the log; 0: it was not
    std::string key_revoked;             // since when, if a key that signed it was revoked
};

struct CaseStep {
    std::string device;  // its id
    ledger::ReceiptBody receipt;
    crypto::KeyId key{};  // that signed it
    LogHash leaf;         // of its bytes: two receipts are one if it is the same
    std::string word;  // of the result, if there is one
    bool is_signature_checked = false;  // by a key that the file names
    std::uint64_t received = 0;
    // Of the batch it is in; 0: it is not on the ledger, its signature alone is proved.
    std::uint64_t batch = 0;
    std::string recorded_by;  // the gateway that made the batch
    std::uint64_t height = 0, time = 0;  // of its block, as the gateway tells
};

// How far the gateway ledger of the file is anchored on the consortium ledger: up to there, nobody can
// have written it anew since.
struct CaseAnchored {
    std::string gateway;                 // that wrote the anchor
    std::uint64_t index = 0;             // of the anchor in the consortium's log
    std::uint64_t height = 0, time = 0;  // of its block there, as the gateway tells
    std::uint64_t block = 0, size = 0;   // of the gateway ledger: block and entries
};

struct CaseReport {
    std::string gateway;  // that wrote the file
    std::uint64_t written = 0;
    CaseQuestion question;
    CaseLogSummary consortium, receipts_log;
    std::optional<CaseAnchored> anchored;
    std::vector<CaseRelease> releases;  // in the order of the log
    std::vector<std::string> devices;
    std::vector<CaseStep> steps;  // in the order of the ledger
    // Sentences: where no gap is visible, and how far that reaches; what is not there; what else an
    // auditor should look at.
    std::vector<std::string> whole, missing, noted;
};

// What no case file can prove, and all that `missing` says is no more than the absence of a sign.
[[nodiscard]] std::string_view gateways_word() noexcept;

// The words it refuses with are in docs/formats.md, section 19. A log's checkpoint must count by one
// of `policies` that is about logs of its role alone: by their names, ".../consortium" or ".../gateway".
[[nodiscard]] Result<CaseReport> check_case(const CaseFile& file,
                                            std::span<const ledger::LogPolicy> policies);

}  // namespace assay::gateway
