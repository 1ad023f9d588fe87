// assay ledger status, block, prove: both ledgers, as the daemon has them.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

bool is_ledger(std::string_view name) { return name == "consortium" || name == "gateway"; }

}  // namespace

Outcome show_ledgers(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto status = daemon->get("/v1/status");
    if (!status) return tl::unexpected(status.error());
    Output output;
    for (const std::string_view name : {"consortium", "gateway"}) {
        const auto* const ledger = status->if_contains(name);
        if (ledger == nullptr || !ledger->is_object()) continue;
        const json::object& in = ledger->get_object();
        output.text +=
            fmt::format("{}  {}\n  height {}, tip {}\n  {} leaves final, {} waiting\n", name,
                        text_at(in, "origin"), text_at(in, "height"), text_at(in, "tip"),
                        text_at(in, "final_size"), text_at(in, "mempool"));
        output.json[name] = *ledger;
    }
    return output;
}

Outcome show_block(const BlockOptions& options) {
    if (!is_ledger(options.ledger)) {
        return give_up(ExitCode::kUsage, "--ledger is consortium or gateway");
    }
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto block =
        daemon->get(fmt::format("/v1/ledgers/{}/blocks/{}", options.ledger, options.height));
    if (!block) return tl::unexpected(block.error());
    Output output;
    for (const std::string_view key :
         {"height", "id", "previous", "merkle_root", "time", "bits", "nonce", "sealed_by"}) {
        output.text += fmt::format("{:<12} {}\n", key, text_at(*block, key));
    }
    for (const json::value& value : block->at("transactions").as_array()) {
        const json::object& in = value.as_object();
        output.text +=
            fmt::format("{:<12} {} by {}: {}\n", text_at(in, "type"), text_at(in, "leaf"),
                        text_at(in, "issuer"), text_at(in, "subject"));
    }
    output.json = std::move(*block);
    return output;
}

Outcome prove(const ProveOptions& options) {
    if (!is_ledger(options.ledger)) {
        return give_up(ExitCode::kUsage, "--ledger is consortium or gateway");
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
                                     : fmt::format("/v1/ledgers/{}/transactions/{}/proof",
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

}  // namespace assay::gateway::cli
