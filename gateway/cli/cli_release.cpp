// assay release publish, assay release list: an image becomes a signed record on the consortium
// ledger.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/compose_release.hpp"
#include "gateway/cli/submission.hpp"
#include "gateway/cli/verbs.hpp"

namespace assay::gateway::cli {

Outcome publish_release(const PublishOptions& options) {
    const MemberFolder folder(options.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto record = compose_release(folder, options);
    if (!record) return tl::unexpected(record.error());
    const auto statement = make_statement(ledger::TxType::kRelease, *record, ledger::encode_release,
                                          ledger::decode_release);
    if (!statement) return tl::unexpected(statement.error());
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto key = load_key_in_force(folder, "tx", membership->self.tx);
    if (!key) return tl::unexpected(key.error());
    const auto done = publish(*daemon, *membership, *statement, *key, options.wait);
    if (!done) return tl::unexpected(done.error());

    Output output;
    output.json = describe_release(*record);
    output.json["leaf"] = done->leaf;
    output.json["final"] = done->is_final;
    output.text =
        fmt::format("{} {} (sequence {}) is {}\n  release  {}\n  image    {}\n", record->component,
                    record->version, record->sequence, done->is_final ? "final" : "submitted",
                    done->leaf, text_at(output.json, "cid"));
    return output;
}

namespace {

// What else there is to know of a release.
std::string remarks_on(const boost::json::object& release) {
    std::string text;
    if (release.contains("stage")) text += ", " + text_at(release, "stage");
    if (const auto* recall = release.if_contains("recall"); recall && recall->is_object()) {
        text += ", RECALLED (" + text_at(recall->get_object(), "reason") + ")";
    }
    if (release.contains("key_revoked")) text += ", key " + text_at(release, "key_revoked");
    if (release.contains("detail")) text += "\n    " + text_at(release, "detail");
    if (text_at(release, "word") == to_word(Refusal::kContentIncomplete)) {
        text += "\n    It is tried again by itself; [content] sources in assay.toml says who is asked.";
    }
    return text;
}

}  // namespace

Outcome list_releases(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto releases = daemon->get("/v1/releases");
    if (!releases) return tl::unexpected(releases.error());
    Output output;
    for (const auto& value : releases->at("releases").as_array()) {
        const boost::json::object& in = value.as_object();
        output.text += fmt::format("{}  {} {} (sequence {}) by {}, {}{}\n", text_at(in, "leaf"),
                                   text_at(in, "component"), text_at(in, "version"),
                                   text_at(in, "sequence"), text_at(in, "issuer"),
                                   text_at(in, "final") == "true" ? "final" : "not final",
                                   remarks_on(in));
    }
    if (output.text.empty()) output.text = "No release is on the ledger.\n";
    output.json = std::move(*releases);
    return output;
}

}  // namespace assay::gateway::cli
