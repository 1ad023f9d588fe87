#include "gateway/investigation/case_merge.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

struct Held {
    std::string device;
    LogHash leaf;
    std::set<std::pair<std::string, std::uint64_t>> batches;  // gateway and number
};
using Counters = std::map<std::uint32_t, Held>;

std::string name_of(const std::string& device, const crypto::KeyId& key) {
    return device + " signed with key " + to_hex(key);
}

void add(const CaseStep& step, Counters& counters, std::vector<std::string>& noted) {
    const auto [known, is_new] =
        counters.try_emplace(step.receipt.counter, Held{step.device, step.leaf, {}});
    Held& held = known->second;
    if (!is_new && held.leaf != step.leaf) {
        noted.push_back("What " + name_of(step.device, step.key) + " with counter " +
                        std::to_string(step.receipt.counter) +
                        " is another receipt in each of two files: that key is in two places.");
    }
    if (step.batch != 0) held.batches.emplace(step.recorded_by, step.batch);
}

void name_doubles(const crypto::KeyId& key, const Counters& counters, std::vector<std::string>& noted) {
    for (const auto& [counter, held] : counters) {
        if (held.batches.size() < 2) continue;
        std::string places;
        for (const auto& [gateway, batch] : held.batches) {
            places += (places.empty() ? "" : ", ") + ("batch " + std::to_string(batch)) + " of " + gateway;
        }
        noted.push_back("Receipt " + std::to_string(counter) + " that " + name_of(held.device, key) +
                        " is on the ledger more than once (" + places + "): it counts once.");
    }
}

void merge_gaps(const crypto::KeyId& key, const Counters& counters, CaseMerge& out) {
    const std::string name = name_of(counters.begin()->second.device, key);
    std::uint64_t next = 1;
    for (const auto& [counter, held] : counters) {
        if (counter > next) {
            out.missing.push_back("Receipts " + std::to_string(next) + " to " +
                                  std::to_string(counter - 1) + " that " + name +
                                  " are in none of these files, or were not checked.");
        }
        next = std::uint64_t{counter} + 1;
    }
    if (counters.size() + 1 != next) return;
    out.whole.push_back("What " + name + ", from counter 1 up to " + std::to_string(next - 1) + ".");
}

// Two logs of one name and size are one log, or its members have shown two.
void compare_logs(std::span<const CaseReport> reports, std::vector<std::string>& noted) {
    std::map<std::pair<std::string, std::uint64_t>, LogHash> roots;
    for (const CaseReport& report : reports) {
        for (const CaseLogSummary* log : {&report.consortium, &report.receipts_log}) {
            if (log->origin.empty()) continue;
            const auto [known, is_new] = roots.try_emplace({log->origin, log->size}, log->root);
            if (is_new || known->second == log->root) continue;
            noted.push_back("Two files have different logs " + log->origin + " of " +
                            std::to_string(log->size) + " entries, both cosigned: keep them, they prove "
                            "that its members did wrong.");
        }
    }
}

}  // namespace

CaseMerge merge_cases(std::span<const CaseReport> reports) {
    CaseMerge out;
    std::map<crypto::KeyId, Counters> keys;
    std::map<std::string, std::size_t> files, unchecked;  // by device
    for (const CaseReport& report : reports) {
        std::set<std::string> devices;
        for (const CaseStep& step : report.steps) {
            if (step.receipt.attested_by_gateway) continue;
            if (!step.is_signature_checked) {  // anybody may have made it
                ++unchecked[step.device];
                continue;
            }
            add(step, keys[step.key], out.noted);
            devices.insert(step.device);
        }
        for (const std::string& device : devices) ++files[device];
    }
    for (const auto& [device, count] : unchecked) {
        out.missing.push_back(std::to_string(count) + " receipts of " + device +
                              " could not be checked, and were not compared.");
    }
    const auto is_in_several = [](const auto& device) { return device.second > 1; };
    if (reports.size() > 1 && std::ranges::none_of(files, is_in_several)) {
        out.missing.emplace_back("No device has checked receipts in two of these files: there was nothing "
                                 "to compare.");
    }
    // Each of them has all that its gateway has of its devices, or none can say what is missing.
    const bool is_narrowed = std::ranges::any_of(reports, [](const CaseReport& report) {
        const CaseQuestion& asked = report.question;
        return asked.release || asked.to || asked.from.value_or(0) != 0;
    });
    if (is_narrowed) {
        out.missing.emplace_back("One of the files was asked for one release or a span of time alone: what is "
                                 "in none of them was not looked for.");
    }
    for (const auto& [key, counters] : keys) {
        name_doubles(key, counters, out.noted);
        if (!is_narrowed) merge_gaps(key, counters, out);
    }
    compare_logs(reports, out.noted);
    return out;
}

}  // namespace assay::gateway
