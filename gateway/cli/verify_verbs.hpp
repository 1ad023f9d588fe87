// What the forms of `assay verify` share (cli_verify.cpp, cli_verify_case.cpp).

#pragma once

#include <filesystem>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "ledger/core/log_policy.hpp"

namespace assay::gateway::cli {

[[nodiscard]] tl::unexpected<Failure> refuse_proof(const Error& error);
[[nodiscard]] Answer<ledger::LogPolicy> read_log_policy(const std::filesystem::path& path);
// `options.file`, which holds `bytes`, and `options.more_files`.
[[nodiscard]] Outcome verify_cases(const VerifyOptions& options, ByteView bytes);

}  // namespace assay::gateway::cli
