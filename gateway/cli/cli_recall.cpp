// assay release recall: a release is withdrawn, with one signature of the vendor's policy.

#include <fmt/format.h>

#include "gateway/cli/submission.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/recall_record.hpp"

namespace assay::gateway::cli {

Outcome recall_release(const RecallOptions& options) {
    ledger::RecallRecord recall;
    const auto leaf = hash_from_hex<ledger::LeafHash>(options.leaf);
    if (!leaf) {
        return give_up(ExitCode::kUsage, "a release is named by 64 hexadecimal digits",
                       "`assay release list` shows them.");
    }
    recall.release = *leaf;
    const auto reason = ledger::parse_recall_reason(options.reason);
    if (!reason) {
        return give_up(ExitCode::kUsage, "there is no reason \"" + options.reason + "\"",
                       "It is withdrawn, vulnerable, key-compromise or wrong.");
    }
    recall.reason = *reason;
    if (options.safe_sequence != 0) recall.safe_sequence = options.safe_sequence;
    if (options.force_forward) recall.action = ledger::RecallAction::kForceForward;

    const MemberFolder folder(options.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto key = load_key_in_force(folder, "tx", membership->self.tx);
    if (!key) return tl::unexpected(key.error());
    const auto statement = make_statement(ledger::TxType::kRecall, recall, ledger::encode_recall,
                                          ledger::decode_recall);
    if (!statement) return tl::unexpected(statement.error());
    const auto done = publish(*daemon, *membership, *statement, *key, options.wait);
    if (!done) return tl::unexpected(done.error());

    Output output;
    output.json["leaf"] = done->leaf;
    output.json["release"] = options.leaf;
    output.json["reason"] = options.reason;
    output.json["final"] = done->is_final;
    output.text = fmt::format("The recall of {} is {}: {}\n", options.leaf,
                              done->is_final ? "final" : "submitted", done->leaf);
    return output;
}

}  // namespace assay::gateway::cli
