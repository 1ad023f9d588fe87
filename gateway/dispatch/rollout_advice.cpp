#include "gateway/dispatch/rollout_advice.hpp"

#include <algorithm>
#include <set>

#include "gateway/dispatch/rfc3339.hpp"
#include "gateway/dispatch/rollout_json.hpp"

namespace assay::gateway {
namespace {

using Names = std::set<std::string, std::less<>>;

constexpr std::size_t kNamesTold = 8;

// "a, b and 3 more"
std::string list_of(const Names& names) {
    std::string out;
    std::size_t told = 0;
    for (const std::string& name : names) {
        if (told == kNamesTold) break;
        out += (told++ == 0 ? "" : ", ") + name;
    }
    if (names.size() > told) out += " and " + std::to_string(names.size() - told) + " more";
    return out;
}

Names names_of(const std::vector<std::string>& list) { return Names(list.begin(), list.end()); }

bool has_expired(const ledger::ReleaseRecord& release, Timestamp now) {
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    return release.expires.value_or(UINT64_MAX) <= time;
}

bool same_target(const ledger::ReleaseRecord& a, const ledger::ReleaseRecord& b) {
    return a.vendor == b.vendor && a.device_class == b.device_class && a.component == b.component;
}

void warn_of_labels(const DeviceFilter& filter,
                    const DeviceRegistry& devices,
                    std::vector<std::string>& out) {
    Names sites = names_of(filter.sites), tags = names_of(filter.tags), ids = names_of(filter.devices);
    for (const auto& [id, device] : devices.devices()) {
        sites.erase(device.site);
        for (const std::string& tag : device.tags) tags.erase(tag);
        ids.erase(id);
    }
    if (!sites.empty()) out.push_back("no device is at the site " + list_of(sites));
    if (!tags.empty()) out.push_back("no device has the tag " + list_of(tags));
    if (!ids.empty()) out.push_back("no device is enrolled here as " + list_of(ids));
}

void warn_of_others(const RolloutPlan& plan,
                    const ledger::ReleaseRecord& release,
                    const RolloutBook& rollouts,
                    const ReleaseCatalog& catalog,
                    std::vector<std::string>& out) {
    Names same, rivals;
    for (const auto& [id, other] : rollouts.rollouts()) {
        const RolloutStage stage = other.state.stage;
        const bool is_over = stage == RolloutStage::kAborted || stage == RolloutStage::kEnded;
        if (id == plan.id || is_over) continue;
        if (other.plan.release == plan.release) {
            same.insert(id);
        } else if (stage != RolloutStage::kDone) {
            const CatalogEntry* const entry = catalog.find(other.plan.release);
            if (entry != nullptr && same_target(entry->release.record, release)) rivals.insert(id);
        }
    }
    if (!same.empty()) {
        out.push_back("the same release goes out by " + list_of(same) +
                      ", too: a device gets it as soon as one of them admits it");
    }
    if (!rivals.empty()) {
        out.push_back("another release for these devices goes out by " + list_of(rivals) +
                      ": each gets the more urgent one first, then that of the higher priority, then the newer");
    }
}

// Empty if the release may still come to devices.
std::string why_dead(const CatalogEntry* entry, Timestamp now) {
    if (entry == nullptr) return {};
    if (entry->stage == ReleaseStage::kRefused) return "is refused (" + entry->word + ")";
    return has_expired(entry->release.record, now) ? "has expired" : std::string();
}

std::string count_of(std::uint64_t count, const char* what) {
    return count == 0 ? std::string() : ", " + std::to_string(count) + what;
}

}  // namespace

Result<void> check_labels(const DeviceFilter& filter) {
    for (const std::vector<std::string>* const labels : {&filter.sites, &filter.tags}) {
        const auto bad = std::ranges::find_if_not(*labels, is_label);
        if (bad == labels->end()) continue;
        return fail(Refusal::kMalformed,
                    "rollout: no device can have the label \"" + *bad +
                        "\": sites and tags are 1 to 64 characters of a-z, 0-9, '.' and '-'");
    }
    return {};
}

Result<void> check_end(const RolloutPlan& plan, Timestamp now) {
    if (!plan.end || now < *plan.end) return {};
    return fail(Refusal::kMalformed, "rollout: end " + to_rfc3339(*plan.end) + " is past");
}

std::optional<Error> why_never_offered(const ConsortiumView& consortium,
                                       const KnownRelease& release,
                                       Timestamp now) {
    const std::string head = "version " + release.record.version + " would go to no device: ";
    if (const auto withdrawn = withdrawal_of(consortium, release.leaf)) {
        return Error(withdrawn->code(), head + withdrawn->context());
    }
    if (!has_expired(release.record, now)) return std::nullopt;
    return Error(make_error_code(Refusal::kReleaseExpired), head + "it has expired");
}

std::vector<std::string> warnings_of(const RolloutPlan& plan,
                                     const ledger::ReleaseRecord& release,
                                     const DeviceRegistry& devices,
                                     const RolloutBook& rollouts,
                                     const ReleaseCatalog& catalog) {
    std::vector<std::string> out;
    warn_of_labels(plan.filter, devices, out);
    warn_of_others(plan, release, rollouts, catalog, out);
    return out;
}

std::string next_of(const Rollout& rollout, const CatalogEntry* entry, Timestamp now) {
    const std::string& id = rollout.plan.id;
    const RolloutStage stage = rollout.state.stage;
    if (stage == RolloutStage::kDone) return "";
    if (stage == RolloutStage::kEnded) return "create another rollout for the devices that are left";
    if (stage == RolloutStage::kAborted) return "mend the release, then create another rollout";
    if (const std::string why = why_dead(entry, now); !why.empty()) {
        return "the release " + why + " and goes to nobody: assay rollout abort " + id;
    }
    if (stage == RolloutStage::kPaused) return "assay rollout resume " + id;
    if (waits_at_gate(rollout.plan, rollout.state, now)) return "assay rollout approve " + id;
    if (entry == nullptr || entry->stage != ReleaseStage::kReady) {
        return "wait: the release is not ready here";
    }
    return "";
}

std::string wait_of(const Rollout& rollout,
                    const CatalogEntry* entry,
                    const RolloutTally& counts,
                    Timestamp now) {
    if (rollout.state.stage != RolloutStage::kRunning) return "";
    const auto& begin = rollout.plan.begin;
    if (begin && now < *begin) return "its begin, " + to_rfc3339(*begin);
    if (entry == nullptr || entry->stage != ReleaseStage::kReady) return "the release, which is not ready here";
    if (waits_at_gate(rollout.plan, rollout.state, now)) return "your approval";
    const RolloutPhase& phase = rollout.plan.phases[rollout.state.phase];
    if (const auto soaked = soaked_at(rollout.plan, rollout.state)) {
        if (*soaked <= now) return "the next second";
        return "its soak time, " + std::to_string((*soaked - now).count()) + " s more";
    }
    if (counts.members == 0) return "a device that matches";
    const std::uint64_t needed = std::max<std::uint64_t>(1, (counts.members * phase.success_percent + 99) / 100);
    const std::uint64_t missing = needed > counts.done ? needed - counts.done : 0;
    const bool is_open = rollout.plan.windows.is_open(now);
    return std::to_string(missing) + " more of " + std::to_string(counts.members) + " devices to confirm" +
           count_of(counts.under_way, " under way") +
           count_of(counts.waiting, is_open ? " not offered yet" : " wait for a window") +
           count_of(counts.failed, " failed") + count_of(counts.given_up, " of these given up");
}

}  // namespace assay::gateway
