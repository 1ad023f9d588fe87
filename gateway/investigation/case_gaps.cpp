#include "gateway/investigation/case_gaps.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <set>
#include <tuple>

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

// A gateway writes the question into the file itself: "from 0" narrows nothing.
bool has_begin(const CaseQuestion& question) { return question.from.value_or(0) != 0; }
bool is_span(const CaseQuestion& question) { return has_begin(question) || question.to; }
// All receipts of the span belong into the file, whomever and whatever they are about.
bool is_span_alone(const CaseQuestion& question) { return !question.device && !question.release; }

std::uint64_t sum(const std::array<std::uint64_t, ledger::kReceiptEvents>& events) {
    return std::accumulate(events.begin(), events.end(), std::uint64_t{0});
}

void name_question(const CaseQuestion& question, const CaseSeen& seen, std::vector<std::string>& out) {
    if (question.release) {
        std::uint64_t all = 0, here = 0;
        for (const CaseSeen::Batch& batch : seen.batches) {
            all += batch.count;
            here += sum(batch.here);
        }
        out.push_back("Asked for one release alone: of the " + std::to_string(all) + " receipts in the " +
                      std::to_string(seen.batches.size()) + " batches here, " + std::to_string(here) +
                      " are in this file. That no other is about it, neither there nor in batches that "
                      "are not here, is the gateway's word.");
    }
    if (question.release && question.device) {
        out.emplace_back("Asked for one release alone: what the device did with others is not here.");
    }
    if (is_span(question)) {
        out.emplace_back("Asked for a span of time alone: what came before or after is not here.");
    }
}

// Devices count their receipts without gaps, so a gap is a receipt that is not here; in a span, one
// between two that are. Where one release was asked for, gaps are natural.
void name_counters(const CaseFile& file, const CaseSeen& seen, CaseReport& report) {
    const CaseQuestion& question = file.question;
    if (question.release) return;
    std::size_t without_gap = 0;
    for (const auto& [signer, counters] : seen.counters) {
        const bool is_attested = signer.second == CaseSeen::kGateway;
        const std::string by = is_attested ? file.gateway + " attested of " + signer.first
                                           : signer.first + " signed with key " + to_hex(signer.second);
        const std::uint64_t first = has_begin(question) ? counters.front() : 1;
        std::uint64_t next = first;
        for (const std::uint32_t counter : counters) {
            if (counter > next) {
                report.missing.push_back(
                    "Receipts " + range(next, counter - 1) + " that " + by + " are not in this file" +
                    (is_attested ? "." : "; another gateway may have them."));
            }
            next = std::uint64_t{counter} + 1;
        }
        if (seen.unchecked.contains(signer)) {
            report.missing.push_back("Whether a gap is in what " + by +
                                     " is not judged: not every signature could be checked.");
            continue;
        }
        if (next - first != counters.size()) continue;
        ++without_gap;
        if (!question.device) continue;
        report.whole.push_back("What " + by + ", from counter " + std::to_string(first) + " up to " +
                               std::to_string(counters.back()) + ".");
    }
    if (question.device || without_gap == 0) return;
    report.whole.push_back(std::to_string(without_gap) + " of " + std::to_string(seen.counters.size()) +
                           " counters, of device keys and of what " + file.gateway +
                           " attests of a device, from the " +
                           (has_begin(question) ? "first that is here" : "start") +
                           " up to the last that is here.");
}

// As ranges: what of first..last is not lost.
std::vector<std::string> without_lost(std::uint64_t first,
                                      std::uint64_t last,
                                      const std::vector<std::uint64_t>& lost) {
    std::vector<std::string> out;
    for (auto it = std::ranges::lower_bound(lost, first); it != lost.end() && *it <= last; ++it) {
        if (*it > first) out.push_back(range(first, *it - 1));
        first = *it + 1;
    }
    if (first <= last) out.push_back(range(first, last));
    return out;
}

void name_batches(const CaseFile& file, const CaseSeen& seen, std::vector<std::string>& out) {
    const CaseQuestion& question = file.question;
    std::map<std::string, std::uint64_t> last;
    for (const CaseSeen::Batch& batch : seen.batches) {
        // Before the first one of a span there may be any number of others.
        const std::uint64_t before_first = has_begin(question) ? batch.number - 1 : 0;
        std::uint64_t& before = last.try_emplace(batch.gateway, before_first).first->second;
        const bool is_own = batch.gateway == file.gateway;
        for (const std::string& numbers : without_lost(
                 before + 1, batch.number - 1, is_own ? file.lost_batches : std::vector<std::uint64_t>())) {
            out.push_back("Batches " + numbers + " of " + batch.gateway + " are not in this file: " +
                          (is_span_alone(question)
                               ? "receipts of the span that was asked for are missing with them, unless "
                                 "its clock was set back."
                               : "nothing that was asked for is in them, it says."));
        }
        before = batch.number;
    }
    const std::vector<std::uint64_t>& lost = file.lost_batches;
    for (std::size_t i = 0, end = 0; i < lost.size(); i = end) {
        for (end = i + 1; end < lost.size() && lost[end] == lost[end - 1] + 1;) ++end;
        out.push_back("Batches " + range(lost[i], lost[end - 1]) + " of " + file.gateway +
                      " are lost, it says: it does not have the receipts in them any more, and what "
                      "was asked for may be among them.");
    }
}

// A batch says on the ledger how many receipts it has, of which kind and from when to when.
void name_contents(const CaseQuestion& question, const CaseSeen& seen, CaseReport& report) {
    std::size_t inside = 0, whole = 0;
    for (const CaseSeen::Batch& batch : seen.batches) {
        const std::string name = "Batch " + std::to_string(batch.number) + " of " + batch.gateway;
        for (std::size_t i = 0; i < batch.here.size(); ++i) {
            if (batch.here[i] <= batch.events[i]) continue;
            report.noted.push_back(
                name + " says that it has " + std::to_string(batch.events[i]) + " receipts \"" +
                std::string(to_string(static_cast<ledger::ReceiptEvent>(i))) + "\", and there are " +
                std::to_string(batch.here[i]) + " of it here: its gateway counted wrongly.");
        }
        const bool is_inside = batch.first_time >= question.from.value_or(0) &&
                               batch.last_time <= question.to.value_or(UINT64_MAX);
        if (!is_span_alone(question) || !is_inside) continue;
        ++inside;
        const std::uint64_t here = sum(batch.here);
        if (here == batch.count) {
            ++whole;
        } else {
            report.missing.push_back(name + " has " + std::to_string(batch.count) +
                                     " receipts, all of the span that was asked for, and " +
                                     std::to_string(here) + " of them are here.");
        }
    }
    if (whole == 0) return;
    report.whole.push_back(std::to_string(whole) + " of the " + std::to_string(inside) +
                           " batches that lie within the span: each receipt of them is here.");
}

void name_history(const CaseReport& report, std::vector<std::string>& out) {
    if (!report.steps.empty()) return;
    out.emplace_back("No receipt is in this file: that there is none is the gateway's word.");
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
    if (is_span(file.question)) return;
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

// By gateway and number.
using Batches = std::map<std::pair<std::string, std::uint64_t>, const CaseSeen::Batch*>;

Batches batches_of(const CaseSeen& seen) {
    Batches out;
    for (const CaseSeen::Batch& batch : seen.batches) {
        out.emplace(std::pair(batch.gateway, batch.number), &batch);
    }
    return out;
}

// A batch says how much of the consortium ledger its gateway had: with the release in it, the release
// came first.
void name_order(const CaseSeen& seen, const CaseReport& report, std::vector<std::string>& out) {
    const Batches batches = batches_of(seen);
    std::set<std::pair<std::uint64_t, ledger::LeafHash>> told;
    for (const CaseStep& step : report.steps) {
        const auto release = seen.releases.find(step.receipt.release);
        const auto batch = batches.find({step.recorded_by, step.batch});
        if (release == seen.releases.end() || batch == batches.end()) continue;
        if (batch->second->consortium_size > release->second) continue;
        if (!told.emplace(step.batch, step.receipt.release).second) continue;
        out.push_back("Batch " + std::to_string(step.batch) + " of " + step.recorded_by +
                      " does not show that release " + to_hex(step.receipt.release.view()) +
                      " was on the ledger before it.");
    }
}

// A batch that its gateway made when it had the recall. An offer in it was made before the batch, and
// maybe before the recall.
void name_recalled(const CaseSeen& seen, const CaseReport& report, std::vector<std::string>& out) {
    const Batches batches = batches_of(seen);
    std::map<ledger::LeafHash, const CaseRelease*> recalled;
    for (const CaseRelease& release : report.releases) {
        if (release.recalled_at != 0) recalled.emplace(release.leaf, &release);
    }
    using Where = std::tuple<std::string, std::uint64_t, ledger::LeafHash>;
    std::map<Where, std::size_t> offers;
    for (const CaseStep& step : report.steps) {
        if (step.batch == 0 || step.receipt.event != ledger::ReceiptEvent::kOffered) continue;
        const auto release = recalled.find(step.receipt.release);
        const auto batch = batches.find({step.recorded_by, step.batch});
        if (release == recalled.end() || batch == batches.end()) continue;
        if (batch->second->consortium_size <= release->second->recalled_at) continue;
        ++offers[{step.recorded_by, step.batch, release->first}];
    }
    for (const auto& [where, count] : offers) {
        const auto& [gateway, batch, release] = where;
        out.push_back("Batch " + std::to_string(batch) + " of " + gateway + " has " +
                      std::to_string(count) + " offers of release " + to_hex(release.view()) +
                      ", and was made when its gateway knew of the recall at entry " +
                      std::to_string(recalled.at(release)->recalled_at) +
                      ": a batch does not date its offers, so they may have been made before.");
    }
}

}  // namespace

std::string_view gateways_word() noexcept {
    return "Only the gateway's word in any case file: that no recall and no revocation was left out, "
           "that nothing came after the last counter and the last batch in it, and which key is which "
           "device's.";
}

void name_gaps(const CaseFile& file, const CaseSeen& seen, CaseReport& report) {
    std::vector<std::string>& out = report.missing;
    name_logs(file, seen, out);
    name_history(report, out);
    name_question(file.question, seen, out);
    name_releases(file, seen, report, out);
    name_steps(report, out);
    name_order(seen, report, out);
    name_offers(file, report, out);
    name_counters(file, seen, report);
    name_batches(file, seen, out);
    name_contents(file.question, seen, report);
    name_recalled(seen, report, report.noted);
    name_anchor(seen, report, out);
    for (const CaseDevice& device : file.devices) {
        if (device.has_more_keys) {
            out.push_back(device.id + " had more keys than " + file.gateway +
                          " keeps: what it signed with the oldest is not in this file.");
        }
        if (device.salt) continue;
        out.push_back("That " + device.id + " is the device " + to_hex(device.ledger_id) +
                      " of the ledger is the gateway's word.");
    }
}

}  // namespace assay::gateway
