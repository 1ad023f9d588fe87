// assay status: how the daemon is.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

std::string ledger_line(std::string_view name, const json::object& ledger) {
    const auto* const finality = ledger.if_contains("finality");
    return fmt::format(
        "{:<12} height {}, block {} is final, members: {}, transactions waiting: {}\n", name,
        text_at(ledger, "height"),
        finality && finality->is_object() ? text_at(finality->get_object(), "final_height") : "-",
        text_at(ledger, "members"), text_at(ledger, "mempool"));
}

std::string dropped_engines(const json::object& engines) {
    std::string text;
    const json::value* const list = engines.if_contains("list");
    if (list == nullptr || !list->is_array()) return text;
    for (const json::value& row : list->get_array()) {
        if (!row.is_object() || text_at(row.get_object(), "state") != "dropped") continue;
        text += fmt::format("{:<12} {} is dropped: {}\n", "", text_at(row.get_object(), "name"),
                            text_at(row.get_object(), "problem"));
    }
    return text;
}

std::string describe(const json::object& status) {
    std::string roles;
    if (const auto* list = status.if_contains("roles"); list && list->is_array()) {
        for (const json::value& role : list->get_array()) {
            roles += (roles.empty() ? "" : ", ") + std::string(role.as_string());
        }
    }
    std::string text = fmt::format("{:<12} {} ({})\n", "member", text_at(status, "name"), roles);
    if (const auto* engines = status.if_contains("engines"); engines && engines->is_object()) {
        const json::object& in = engines->get_object();
        text += fmt::format("{:<12} mining on {}, hashing on {}\n", "engines", text_at(in, "mine"),
                            text_at(in, "hash"));
        text += dropped_engines(in);
    }
    for (const std::string_view ledger : {"consortium", "gateway"}) {
        const auto* found = status.if_contains(ledger);
        if (found && found->is_object()) text += ledger_line(ledger, found->get_object());
    }
    text += fmt::format("{:<12} {} on the ledger\n", "releases", text_at(status, "releases"));
    if (const auto* devices = status.if_contains("devices"); devices && devices->is_object()) {
        const json::object& in = devices->get_object();
        text += fmt::format("{:<12} {} known, {} have the newest release\n", "devices",
                            text_at(in, "known"), text_at(in, "confirmed"));
    }
    if (const auto* receipts = status.if_contains("receipts"); receipts && receipts->is_object()) {
        const json::object& in = receipts->get_object();
        text += fmt::format("{:<12} {} stored, {} on the ledger\n", "receipts",
                            text_at(in, "stored"), text_at(in, "on_ledger"));
        if (const auto* held = in.if_contains("held"); held && *held == true) {
            text += fmt::format("{:<12} none are taken: those that were lost here are fetched first\n",
                                "");
        }
        if (const auto* lost = in.if_contains("lost"); lost && !lost->as_array().empty()) {
            for (const json::value& row : lost->get_array()) {
                const json::object& batch = row.as_object();
                text += fmt::format("{:<12} batch {} ({} receipts) is lost here, and no member has it\n", "",
                                    text_at(batch, "batch"), text_at(batch, "receipts"));
            }
        }
    }
    if (const auto* content = status.if_contains("content"); content && content->is_object()) {
        const json::object& in = content->get_object();
        if (number_at(in, "damaged") + number_at(in, "not_repaired") > 0) {
            text += fmt::format("{:<12} {} blocks damaged by this disk, {} fetched again, {} lost\n",
                                "content", text_at(in, "damaged"), text_at(in, "repaired"),
                                text_at(in, "not_repaired"));
        }
    }
    if (const auto* refusals = status.if_contains("refusals"); refusals && refusals->is_array()) {
        for (const json::value& row : refusals->get_array()) {
            const json::object& in = row.as_object();
            text += fmt::format("{:<12} {} x {}: {}\n", "refused", text_at(in, "count"),
                                text_at(in, "word"), text_at(in, "last"));
        }
    }
    return text;
}

}  // namespace

Outcome show_status(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto status = daemon->get("/v1/status");
    if (!status) return tl::unexpected(status.error());
    Output output;
    output.text = describe(*status);
    output.json = std::move(*status);
    return output;
}

}  // namespace assay::gateway::cli
