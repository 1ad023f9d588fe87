#include "gateway/investigation/case_gaps.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

std::string range(std::uint64_t first, std::uint64_t last) {
    if (first == last) return std::to_string(first);
    return std::to_string(first) + " to " + std::to_string(last);
}

void name_logs(const CaseFile& file, const CaseSeen& seen, std::vector<std::string>& out) {
    if (file.consortium.checkpoint.empty()) {
        out.emplace_back("No checkpoint of the consortium ledger: no release is proved.");
    }
    if (file.receipts_log.checkpoint.empty()) {
        out.emplace_back("No checkpoint of the gateway ledger: no receipt is proved to be on it.");
    }
    if (!seen.is_file_key_on_ledger) {
        out.push_back("No batch in the file is signed by the key that signed the file: what the file "
                      "merely tells (times of blocks and of receipt) may not be the word of " +
                      file.gateway + ".");
    }
}

void name_question(const CaseQuestion& question, std::vector<std::string>& out) {
    if (question.release && question.device) {
        out.emplace_back("Asked for one release alone: what the device did with others is not here.");
    }
    if (question.from || question.to) {
        out.emplace_back("Asked for a span of time alone: what came before or after is not here.");
    }
}

// Devices count their receipts without gaps, so a gap is a receipt that is not here. Where only some
// were asked for, gaps are natural.
void name_counters(const CaseFile& file, const CaseSeen& seen, std::vector<std::string>& out) {
    const CaseQuestion& question = file.question;
    if (question.release || question.from || question.to) return;
    for (const auto& [signer, counters] : seen.counters) {
        std::uint64_t next = 1;
        for (const std::uint32_t counter : counters) {
            if (counter > next && signer.second == CaseSeen::kGateway) {
                out.push_back("Receipts " + range(next, counter - 1) + " that " + file.gateway +
                              " attested of " + signer.first + " are not in this file.");
            } else if (counter > next) {
                out.push_back("Receipts " + range(next, counter - 1) + " that " + signer.first +
                              " signed with key " + to_hex(signer.second) +
                              " are not in this file; another gateway may have them.");
            }
            next = std::uint64_t{counter} + 1;
        }
    }
}

void name_batches(const CaseSeen& seen, std::vector<std::string>& out) {
    std::map<std::string, std::uint64_t> last;
    for (const CaseSeen::Batch& batch : seen.batches) {
        const auto [before, is_first] = last.emplace(batch.gateway, batch.number);
        if (!is_first && batch.number > before->second + 1) {
            out.push_back("Batches " + range(before->second + 1, batch.number - 1) + " of " +
                          batch.gateway +
                          " are not in this file: nothing that was asked for is in them, it says.");
        }
        before->second = batch.number;
    }
}

// What is not anchored stands on the word of the gateways alone.
void name_anchor(const CaseSeen& seen, const CaseReport& report, std::vector<std::string>& out) {
    if (seen.batches.empty()) return;
    if (!report.anchored) {
        out.emplace_back("The gateway ledger is not anchored on the consortium ledger in this file: that "
                         "its members have not agreed on another past rests on their cosignatures "
                         "alone.");
        return;
    }
    const std::uint64_t size = report.anchored->size;
    std::vector<std::string> later;
    for (const CaseSeen::Batch& batch : seen.batches) {
        if (batch.index >= size) later.push_back(std::to_string(batch.number) + " of " + batch.gateway);
    }
    if (later.empty()) return;
    std::string names = later.front();
    if (later.size() > 1) names += " and " + std::to_string(later.size() - 1) + " later ones";
    out.push_back("Batch " + names + " came after the newest anchor (" + std::to_string(size) +
                  " entries): for them the gateways' cosignatures alone stand. An export after the next "
                  "anchor has it.");
}

void name_releases(const CaseFile& file,
                   const CaseSeen& seen,
                   const CaseReport& report,
                   std::vector<std::string>& out) {
    std::set<ledger::LeafHash> named;
    if (file.question.release) named.insert(*file.question.release);
    for (const CaseStep& step : report.steps) named.insert(step.receipt.release);
    for (const ledger::LeafHash& leaf : named) {
        if (seen.releases.contains(leaf)) continue;
        out.push_back("Release " + to_hex(leaf.view()) +
                      " is not proved: the gateway knew of no such release that was final.");
    }
    for (const CaseRelease& release : report.releases) {
        if (release.is_signature_checked) continue;
        out.push_back("The policy that release " + to_hex(release.leaf.view()) +
                      " was held to is not in this file: that " + release.issuer +
                      " might release it is the ledger's word.");
    }
}

void name_steps(const CaseReport& report, std::vector<std::string>& out) {
    std::map<std::string, std::size_t> waiting, unchecked;
    for (const CaseStep& step : report.steps) {
        if (step.batch == 0) ++waiting[step.device];
        if (!step.is_signature_checked) ++unchecked[step.device];
    }
    for (const auto& [device, count] : waiting) {
        out.push_back(std::to_string(count) + " of the receipts of " + device +
                      " are not on the ledger: they are signed, but at no proved time.");
    }
    for (const auto& [device, count] : unchecked) {
        out.push_back(std::to_string(count) + " of the receipts of " + device +
                      " are signed by a key that is not in this file, and were not checked by it.");
    }
}

// A device answers on what a gateway offered it, unless it had it through another gateway or from a
// medium. Where only some receipts were asked for, this cannot be seen.
void name_offers(const CaseFile& file, const CaseReport& report, std::vector<std::string>& out) {
    if (file.question.from || file.question.to) return;
    using Update = std::pair<std::string, ledger::LeafHash>;
    std::set<Update> offered, sent, answered, verified;
    for (const CaseStep& step : report.steps) {
        const Update update{step.device, step.receipt.release};
        const ledger::ReceiptEvent event = step.receipt.event;
        if (event == ledger::ReceiptEvent::kOffered) {
            offered.insert(update);
        } else if (event == ledger::ReceiptEvent::kDownloaded) {
            sent.insert(update);
        } else {
            answered.insert(update);
            if (event == ledger::ReceiptEvent::kVerified) verified.insert(update);
        }
    }
    const auto say = [&](const std::set<Update>& all, const std::set<Update>& known,
                         const std::string& what) {
        std::vector<Update> without;
        std::ranges::set_difference(all, known, std::back_inserter(without));
        if (without.empty()) return;
        out.push_back("Of " + std::to_string(without.size()) + " of " + std::to_string(all.size()) +
                      " updates (" + without.front().first + ", release " +
                      to_hex(without.front().second.view()).substr(0, 12) +
                      "..) " + what + " is recorded here: it came through another gateway or from a "
                      "medium, or " + file.gateway + " was stopped before it had recorded it.");
    };
    say(answered, offered, "no offer");
    say(verified, sent, "no whole download");
}

// A batch says how much of the consortium ledger its gateway had: with the release in it, the release
// came first.
void name_order(const CaseSeen& seen, const CaseReport& report, std::vector<std::string>& out) {
    std::set<std::pair<std::uint64_t, ledger::LeafHash>> told;
    for (const CaseStep& step : report.steps) {
        const auto release = seen.releases.find(step.receipt.release);
        const auto batch = std::find_if(
            seen.batches.begin(), seen.batches.end(), [&](const CaseSeen::Batch& made) {
                return made.number == step.batch && made.gateway == step.recorded_by;
            });
        if (release == seen.releases.end() || batch == seen.batches.end()) continue;
        if (batch->consortium_size > release->second) continue;
        if (!told.emplace(step.batch, step.receipt.release).second) continue;
        out.push_back("Batch " + std::to_string(step.batch) + " of " + batch->gateway +
                      " does not show that release " + to_hex(step.receipt.release.view()) +
                      " was on the ledger before it.");
    }
}

}  // namespace

void name_gaps(const CaseFile& file, const CaseSeen& seen, CaseReport& report) {
    std::vector<std::string>& out = report.missing;
    name_logs(file, seen, out);
    name_question(file.question, out);
    name_releases(file, seen, report, out);
    name_steps(report, out);
    name_order(seen, report, out);
    name_offers(file, report, out);
    name_counters(file, seen, out);
    name_batches(seen, out);
    name_anchor(seen, report, out);
    for (const CaseDevice& device : file.devices) {
        if (device.salt) continue;
        out.push_back("That " + device.id + " is the device " + to_hex(device.ledger_id) +
                      " of the ledger is the gateway's word.");
    }
}

}  // namespace assay::gateway
