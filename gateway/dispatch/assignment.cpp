#include "gateway/dispatch/assignment.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace assay::gateway {

using std::chrono::seconds;

namespace {

// Releases in the order in which a device should get them.
using Rank = std::tuple<ledger::Urgency, int, std::uint64_t>;

struct Choice {
    AssignmentDecision decision;
    std::optional<Rank> rank;

    // One that is open beats one that is not; then the rank counts.
    void consider(const AssignmentDecision& other, const Rank& other_rank) {
        const bool open = decision.release != nullptr;
        const bool other_open = other.release != nullptr;
        if (rank && (open != other_open ? open : *rank >= other_rank)) return;
        decision = other;
        rank = other_rank;
    }
};

Rank rank_of(const ledger::ReleaseRecord& release, int priority) {
    return {release.urgency, priority, release.sequence};
}

AssignmentDecision decide(AssignmentVerdict verdict, const CatalogEntry& entry, const Rollout* rollout) {
    AssignmentDecision decision;
    decision.verdict = verdict;
    if (verdict != AssignmentVerdict::kAssigned) return decision;
    decision.release = &entry;
    decision.rollout = rollout;
    return decision;
}

const Hold* find_hold(const Device& device, const ledger::LeafHash& release) {
    const auto found = std::ranges::find(device.holds, release, &Hold::release);
    return found == device.holds.end() ? nullptr : &*found;
}

}  // namespace

bool is_applicable(const ledger::ReleaseRecord& release, std::uint64_t has) noexcept {
    const auto& applies = release.applies_to;
    return !applies || (applies->from_sequence.value_or(0) <= has &&
                        has <= applies->to_sequence.value_or(UINT64_MAX));
}

bool is_given_up(const Device& device, const ledger::LeafHash& release) noexcept {
    const Hold* const hold = find_hold(device, release);
    return hold != nullptr && hold->failures >= kFailuresMax;
}

AssignmentVerdict judge_release(const Device& device, const CatalogEntry& entry, Timestamp now) {
    const ledger::ReleaseRecord& record = entry.release.record;
    const std::uint64_t has = device.sequence();
    if (record.sequence <= has) return AssignmentVerdict::kUpToDate;
    if (entry.is_withdrawn()) return AssignmentVerdict::kRecalled;
    if (entry.stage != ReleaseStage::kReady) return AssignmentVerdict::kNotReady;
    if (!is_applicable(record, has)) return AssignmentVerdict::kNotApplicable;
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    if (record.not_before.value_or(0) > time) return AssignmentVerdict::kNotYetValid;
    if (record.expires.value_or(UINT64_MAX) <= time) return AssignmentVerdict::kExpired;
    if (const Hold* const hold = find_hold(device, entry.release.leaf)) {
        if (hold->failures >= kFailuresMax) return AssignmentVerdict::kGivenUp;
        if (now < hold->until) return AssignmentVerdict::kHeldBack;
    }
    return AssignmentVerdict::kAssigned;
}

AssignmentDecision decide_assignment(const Device& device, const DispatchRules& rules, Timestamp now) {
    Choice choice;
    for (const auto& [id, rollout] : rules.rollouts.rollouts()) {
        const CatalogEntry* const entry = rules.catalog.find(rollout.plan.release);
        if (entry == nullptr) continue;
        const AssignmentVerdict verdict = rules.rollouts.judge(rollout, device, now);
        if (verdict == AssignmentVerdict::kOtherTarget) continue;
        choice.consider(decide(verdict, *entry, &rollout),
                        rank_of(entry->release.record, rollout.plan.priority));
    }
    const auto is_free = [&](const CatalogEntry& entry) {
        return rules.outside_rollouts && !rules.rollouts.governs(entry.release.leaf);
    };
    if (const CatalogEntry* const newest = rules.catalog.newest_ready(device.report->target, is_free)) {
        choice.consider(decide(judge_release(device, *newest, now), *newest, nullptr),
                        rank_of(newest->release.record, 0));
    }
    return choice.decision;
}

void hold_back(Device& device, const ledger::LeafHash& release, Timestamp now) {
    constexpr unsigned kDoublingsMax = 7;  // 30 s * 2^7 is more than an hour
    Hold hold;
    if (const Hold* const before = find_hold(device, release)) hold = *before;
    hold.release = release;
    ++hold.failures;
    const unsigned doublings = std::min(hold.failures - 1, kDoublingsMax);
    hold.until = now + std::min(seconds(30) * (1U << doublings), seconds(3600));
    std::erase_if(device.holds, [&](const Hold& one) { return one.release == release; });
    if (device.holds.size() == kHoldsMax) device.holds.erase(device.holds.begin());
    device.holds.push_back(hold);
}

std::uint32_t poll_sleep_ms(std::size_t devices) noexcept {
    constexpr std::size_t kPollsPerSecond = 100;
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(devices * 1000 / kPollsPerSecond, 1000, 300'000));
}

}  // namespace assay::gateway
