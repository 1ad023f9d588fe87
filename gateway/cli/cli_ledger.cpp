// assay ledger status, block, tx, events: both ledgers, as the daemon has them.

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

bool is_ledger(std::string_view name) { return name == "consortium" || name == "gateway"; }

bool is_true(const json::object& in, std::string_view key) {
    const auto* const value = in.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::string describe_peer(const json::object& peer) {
    std::string text = fmt::format("  {:<20} ", text_at(peer, "name"));
    if (is_true(peer, "connected")) {
        text += fmt::format("connected, height {}", text_at(peer, "height"));
        if (peer.contains("first_block")) {
            text += fmt::format(", keeps blocks from {} on", text_at(peer, "first_block"));
        }
        return text + "\n";
    }
    text += is_true(peer, "left_alone") ? "left alone" : "not connected";
    if (peer.contains("last_error")) text += ": " + text_at(peer, "last_error");
    return text + "\n";
}

// What binds one ledger to the other.
std::string describe_links(const json::object& in) {
    std::string text;
    if (const auto* anchors = in.if_contains("anchors")) {
        for (const json::value& value : anchors->as_array()) {
            const json::object& row = value.as_object();
            text += fmt::format("  gateway ledger {}.. anchored up to block {}, {} entries, by {}{}{}\n",
                                text_at(row, "ledger").substr(0, 12), text_at(row, "height"),
                                text_at(row, "log_size"), text_at(row, "gateway"),
                                is_true(row, "final") ? "" : ", not final yet",
                                row.contains("agrees") ? "; ours agrees: " + text_at(row, "agrees")
                                                       : std::string());
        }
        if (anchors->as_array().empty()) text += "  no gateway ledger is anchored on it yet\n";
    }
    if (const auto* heads = in.if_contains("consortium_heads")) {
        for (const json::value& value : heads->as_array()) {
            const json::object& row = value.as_object();
            text += fmt::format("  {} knew the consortium up to block {}, {} entries, in its batch {}\n",
                                text_at(row, "gateway"), text_at(row, "height"),
                                text_at(row, "log_size"), text_at(row, "batch"));
        }
    }
    return text;
}

std::string describe_ledger(std::string_view name, const json::object& in) {
    const json::object& finality = in.at("finality").as_object();
    std::string text = fmt::format(
        "{}  {}\n  height {}, tip {}\n  block {} is final, {} transactions are final, {} wait\n"
        "  epoch {}: {} nodes, quorum {}, {} may fail; this one votes: {}\n",
        name, text_at(in, "origin"), text_at(in, "height"), text_at(in, "tip"),
        text_at(finality, "final_height"), text_at(in, "final_size"), text_at(in, "mempool"),
        text_at(finality, "epoch"), text_at(in, "nodes"), text_at(in, "quorum"),
        text_at(finality, "faults_tolerated"), text_at(finality, "voting"));
    const json::object& storage = in.at("storage").as_object();
    text += text_at(storage, "keep_blocks") == "0" && text_at(storage, "first_block") == "0"
                ? "  keeps all blocks\n"
                : fmt::format("  keeps blocks from {} on; keep_blocks is {}\n",
                              text_at(storage, "first_block"), text_at(storage, "keep_blocks"));
    if (in.contains("missing_blocks")) {
        text += fmt::format("  {}\n", text_at(in, "missing_blocks"));
    }
    for (const std::string_view key : {"why_not_voting", "alarm", "last_error"}) {
        if (finality.contains(key)) text += fmt::format("  {}: {}\n", key, text_at(finality, key));
    }
    for (const std::string_view key : {"conflict", "last_error"}) {
        if (in.contains(key)) text += fmt::format("  {}: {}\n", key, text_at(in, key));
    }
    text += describe_links(in);
    for (const json::value& peer : in.at("peers").as_array()) {
        text += describe_peer(peer.as_object());
    }
    if (const auto* unreachable = in.if_contains("unreachable")) {
        for (const auto& entry : unreachable->as_object()) {
            text += fmt::format("  unreachable {}: {}\n", std::string_view(entry.key()),
                                std::string_view(entry.value().as_string()));
        }
    }
    const json::object& misbehaviour = in.at("misbehaviour").as_object();
    if (misbehaviour.contains("last")) {
        text += fmt::format("  misbehaved {} times, lately {}\n", text_at(misbehaviour, "count"),
                            text_at(misbehaviour, "last"));
    }
    return text;
}

// "2026-01-31 23:59:59", in UTC.
std::string format_time(std::int64_t seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

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
        output.text += describe_ledger(name, ledger->get_object());
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

Outcome show_transaction(const TransactionOptions& options) {
    if (!is_ledger(options.ledger)) {
        return give_up(ExitCode::kUsage, "--ledger is consortium or gateway");
    }
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto found =
        daemon->get(fmt::format("/v1/ledgers/{}/transactions/{}", options.ledger, options.id));
    if (!found) return tl::unexpected(found.error());
    Output output;
    for (const std::string_view key : {"state", "type", "issuer", "subject", "leaf", "txid", "bytes",
                                       "height", "block", "log_index", "confirmations"}) {
        if (found->contains(key)) output.text += fmt::format("{:<13} {}\n", key, text_at(*found, key));
    }
    output.text += fmt::format("{:<13} {}\n", "final", is_true(*found, "final") ? "yes" : "not yet");
    output.json = std::move(*found);
    return output;
}

Outcome show_events(const MemberOptions& options) {
    if (!is_ledger(options.ledger)) {
        return give_up(ExitCode::kUsage, "--ledger is consortium or gateway");
    }
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto events = daemon->get(fmt::format("/v1/ledgers/{}/events", options.ledger));
    if (!events) return tl::unexpected(events.error());
    Output output;
    for (const json::value& value : events->at("events").as_array()) {
        const json::object& event = value.as_object();
        output.text += fmt::format("{}  {:<7} {:<20} {}{}{}\n",
                                   format_time(event.at("time").to_number<std::int64_t>()),
                                   text_at(event, "level"), text_at(event, "event"),
                                   event.contains("subject") ? text_at(event, "subject") + ": " : "",
                                   text_at(event, "what"),
                                   event.contains("first")
                                       ? fmt::format(" ({} times)", text_at(event, "count"))
                                       : "");
    }
    output.json = std::move(*events);
    return output;
}

}  // namespace assay::gateway::cli
