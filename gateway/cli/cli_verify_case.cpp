// assay verify, of a case file: says who released what, which gateway recorded what each device
// answered, and what the file does not show.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/verify_verbs.hpp"
#include "gateway/investigation/case_merge.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

json::array texts_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

void describe_log(const char* name, const CaseLogSummary& log, Output& output) {
    if (log.origin.empty()) return;
    json::object& out = output.json[name].emplace_object();
    out["origin"] = log.origin;
    out["checkpoint_size"] = log.size;
    out["checkpoint_time"] = log.time;
    out["cosigned_by"] = texts_of(log.witnesses);
    if (!log.chain_id.empty()) out["chain_id"] = log.chain_id;
    std::string names;
    for (const std::string& witness : log.witnesses) names += " " + witness;
    output.add_line(fmt::format("  {:<11} {}, {} entries final by {}, cosigned by{}", name, log.origin,
                                log.size, utc_text(log.time), names));
}

void describe_anchor(const std::optional<CaseAnchored>& anchored, Output& output) {
    if (!anchored) return;
    json::object& out = output.json["anchored"].emplace_object();
    out["gateway"] = anchored->gateway;
    out["log_index"] = anchored->index;
    out["height_told"] = anchored->height;
    out["block_time_told"] = anchored->time;
    out["block"] = anchored->block;
    out["entries"] = anchored->size;
    output.add_line(fmt::format(
        "  {:<11} the first {} entries of the receipts' ledger, by {}: entry {} of the consortium's, "
        "block {} of {}*",
        "anchored", anchored->size, anchored->gateway, anchored->index, anchored->height,
        utc_text(anchored->time)));
}

void describe_releases(const CaseReport& report, Output& output) {
    json::array& rows = output.json["releases"].emplace_array();
    if (!report.releases.empty()) output.text += "Released:\n";
    for (const CaseRelease& release : report.releases) {
        json::object row;
        row["leaf"] = to_hex(release.leaf.view());
        row["issuer"] = release.issuer;
        row["vendor"] = release.vendor;
        row["class"] = release.device_class;
        row["component"] = release.component;
        row["version"] = release.version;
        row["sequence"] = release.sequence;
        row["log_index"] = release.index;
        row["height_told"] = release.height;
        row["block_time_told"] = release.time;
        row["signature_checked"] = release.is_signature_checked;
        if (!release.recalled.empty()) {
            row["recalled"] = release.recalled;
            row["recalled_at"] = release.recalled_at;
        }
        if (!release.key_revoked.empty()) row["key_revoked"] = release.key_revoked;
        rows.push_back(std::move(row));
        output.add_line(fmt::format("  {} {} (sequence {}) by {}, entry {} of the log, block {} of {}*",
                                    release.component, release.version, release.sequence,
                                    release.issuer, release.index, release.height,
                                    utc_text(release.time)));
        output.add_line("      " + to_hex(release.leaf.view()));
        if (!release.recalled.empty()) {
            output.add_line(fmt::format("      recalled at entry {}: {}", release.recalled_at,
                                        release.recalled));
        }
        if (!release.key_revoked.empty()) {
            output.add_line("      key revoked " + release.key_revoked);
        }
    }
}

json::object row_of(const CaseStep& step) {
    json::object row;
    row["device"] = step.device;
    row["event"] = ledger::to_string(step.receipt.event);
    row["release"] = to_hex(step.receipt.release.view());
    row["counter"] = step.receipt.counter;
    if (!step.word.empty()) row["word"] = step.word;
    if (step.receipt.detail) row["detail"] = *step.receipt.detail;
    if (step.receipt.time) row["device_time"] = *step.receipt.time;
    row["running"] = to_hex(step.receipt.running.view());
    row["received_told"] = step.received;
    row["signature_checked"] = step.is_signature_checked;
    row["attested_by_gateway"] = step.receipt.attested_by_gateway;
    row["on_ledger"] = step.batch != 0;
    if (step.batch == 0) return row;
    row["batch"] = step.batch;
    row["gateway"] = step.recorded_by;
    row["height_told"] = step.height;
    row["block_time_told"] = step.time;
    return row;
}

void describe_steps(const CaseReport& report, Output& output) {
    json::array& rows = output.json["history"].emplace_array();
    if (!report.steps.empty()) output.text += "Offered, sent and answered, in order:\n";
    for (const CaseStep& step : report.steps) {
        rows.push_back(row_of(step));
        const std::string place =
            step.batch == 0 ? std::string("not on the ledger")
                            : fmt::format("through {}, its batch {}, block {} of {}*",
                                          step.recorded_by, step.batch, step.height,
                                          utc_text(step.time));
        output.add_line(fmt::format("  {:<12} {:<11} {}..  {}{}", step.device,
                                    ledger::to_string(step.receipt.event),
                                    to_hex(step.receipt.release.view()).substr(0, 12), place,
                                    step.receipt.attested_by_gateway ? "; the gateway's word" : ""));
        const std::string detail = step.receipt.detail.value_or("");
        const std::string colon = step.word.empty() || detail.empty() ? "" : ": ";
        if (!step.word.empty() || !detail.empty()) {
            output.add_line("      " + step.word + colon + detail);
        }
        if (step.receipt.time) {
            output.add_line(fmt::format("      by the {}'s clock {}",
                                        step.receipt.attested_by_gateway ? "gateway" : "device",
                                        utc_text(*step.receipt.time)));
        }
    }
}

void describe_sentences(const char* name,
                        const char* title,
                        const std::vector<std::string>& sentences,
                        Output& output) {
    output.json[name] = texts_of(sentences);
    if (!sentences.empty()) output.add_line(title);
    for (const std::string& sentence : sentences) output.add_line("  " + sentence);
}

void describe_question(const CaseQuestion& question, Output& output) {
    json::object& out = output.json["question"].emplace_object();
    if (question.device) out["device"] = *question.device;
    if (question.release) out["release"] = to_hex(question.release->view());
    if (question.from) out["from"] = *question.from;
    if (question.to) out["to"] = *question.to;
}

Result<CaseReport> judge_case(ByteView bytes, const std::vector<ledger::LogPolicy>& policies) {
    const auto file = open_case_file(bytes);
    if (!file) return fail(Error(file.error()));
    return check_case(*file, policies);
}

tl::unexpected<Failure> refuse_case(const Error& error) {
    auto refusal = refuse_proof(error);
    if (error.is(Refusal::kOriginMismatch)) {
        refusal.value().advice = "A case file needs the policy of each ledger: --policy for the "
                                 "consortium's and --policy for the gateways'.";
    }
    return refusal;
}

Output describe_case(const CaseReport& report) {
    Output output;
    output.json["verified"] = true;
    output.json["gateway"] = report.gateway;
    output.json["written"] = report.written;
    describe_question(report.question, output);
    output.add_line(fmt::format("Verified: a case file of gateway {}, written {}*", report.gateway,
                                utc_text(report.written)));
    describe_log("consortium", report.consortium, output);
    describe_log("receipts", report.receipts_log, output);
    describe_anchor(report.anchored, output);
    describe_releases(report, output);
    describe_steps(report, output);
    output.json["devices"] = texts_of(report.devices);
    describe_sentences("whole", "No gap is visible:", report.whole, output);
    describe_sentences("missing", "Missing:", report.missing, output);
    describe_sentences("noted", "To be looked at:", report.noted, output);
    output.json["told"] = gateways_word();
    output.add_line(gateways_word());
    output.add_line("* as the gateway tells and has signed; no quorum vouches for it.");
    return output;
}

// Each by itself, and then what they show together.
Output describe_together(const std::vector<CaseReport>& reports) {
    Output output;
    output.json["verified"] = true;
    json::array& files = output.json["files"].emplace_array();
    for (const CaseReport& report : reports) {
        Output one = describe_case(report);
        files.push_back(std::move(one.json));
        output.text += one.text + "\n";
    }
    const CaseMerge merged = merge_cases(reports);
    output.add_line(fmt::format("The {} files together:", reports.size()));
    describe_sentences("whole", "No gap is visible:", merged.whole, output);
    describe_sentences("missing", "Missing:", merged.missing, output);
    describe_sentences("noted", "To be looked at:", merged.noted, output);
    return output;
}

}  // namespace

Outcome verify_cases(const VerifyOptions& options, ByteView bytes) {
    std::vector<ledger::LogPolicy> policies;
    for (const std::filesystem::path& path : options.policies) {
        auto policy = read_log_policy(path);
        if (!policy) return tl::unexpected(policy.error());
        policies.push_back(std::move(*policy));
    }
    auto first = judge_case(bytes, policies);
    if (!first) return refuse_case(first.error());
    if (options.more_files.empty()) return describe_case(*first);
    std::vector<CaseReport> reports{std::move(*first)};
    for (const std::filesystem::path& path : options.more_files) {
        const auto more = read_file(path, kCaseFileBytesMax);
        if (!more) return give_up(more.error());
        auto report = judge_case(*more, policies);
        if (!report) return refuse_case(std::move(report).error().within(path.string()));
        reports.push_back(std::move(*report));
    }
    return describe_together(reports);
}

}  // namespace assay::gateway::cli
