// assay ledger prove, policy: what others need to check an entry of the log offline.

#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"

namespace assay::gateway::cli {

namespace {

Outcome prove_device(const ProveOptions& options) {
    if (options.out.empty()) {
        return give_up(ExitCode::kUsage, "a case file is binary: name a file with --out");
    }
    ExportOptions exported;
    exported.dir = options.dir;
    exported.device = options.device;
    exported.out = options.out;
    Outcome written = export_case(exported);
    if (written) {
        written->json["device"] = options.device;
        written->json["format"] = "case-file";
    }
    return written;
}

}  // namespace

Outcome prove(const ProveOptions& options) {
    if (!options.device.empty()) return prove_device(options);
    if (options.leaf.empty()) {
        return give_up(ExitCode::kUsage, "name a leaf hash, or a device with --device",
                       "See `assay ledger prove --help`.");
    }
    const bool for_device = options.format == "device-proof";
    if (!for_device && options.format != "tlog-proof") {
        return give_up(ExitCode::kUsage, "--format is device-proof or tlog-proof");
    }
    if (for_device && options.ledger != "consortium") {
        return give_up(ExitCode::kUsage, "device proofs are of releases, on the consortium ledger");
    }
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto proof =
        daemon->get_bytes(for_device ? "/v1/releases/" + options.leaf + "/proof"
                                     : fmt::format("/v1/ledgers/{}/transactions/{}/proof?entry=1",
                                                   options.ledger, options.leaf));
    if (!proof) return tl::unexpected(proof.error());
    Output output;
    output.json["leaf"] = options.leaf;
    output.json["format"] = options.format;
    output.json["bytes"] = proof->size();
    if (!options.out.empty()) {
        if (auto written = write_file_durable(options.out, *proof); !written) {
            return give_up(written.error());
        }
        output.json["file"] = options.out.string();
        output.text = fmt::format("{} bytes in {}\n", proof->size(), options.out.string());
    } else if (for_device) {
        return give_up(ExitCode::kUsage, "a device proof is binary: name a file with --out");
    } else {
        output.json["proof"] = as_text(*proof);
        output.text = as_text(*proof);
    }
    return output;
}

Outcome write_log_policy(const LogPolicyOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto policy = daemon->get_bytes("/v1/ledgers/" + options.ledger + "/policy");
    if (!policy) return tl::unexpected(policy.error());
    Output output;
    output.json["policy"] = as_text(*policy);
    output.text = as_text(*policy);
    if (!options.out.empty()) {
        if (auto written = write_file_durable(options.out, *policy); !written) {
            return give_up(written.error());
        }
        output.json["file"] = options.out.string();
        output.text = fmt::format("{} bytes in {}\n", policy->size(), options.out.string());
    }
    return output;
}

}  // namespace assay::gateway::cli
