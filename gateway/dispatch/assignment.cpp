#include "gateway/dispatch/assignment.hpp"

#include <algorithm>

namespace assay::gateway {

using std::chrono::seconds;

std::string_view to_string(AssignmentVerdict verdict) noexcept {
    switch (verdict) {
        case AssignmentVerdict::kAssigned:
            return "assigned";
        case AssignmentVerdict::kNoRelease:
            return "no-release";
        case AssignmentVerdict::kUpToDate:
            return "up-to-date";
        case AssignmentVerdict::kNotApplicable:
            return "not-applicable";
        case AssignmentVerdict::kNotYetValid:
            return "not-yet-valid";
        case AssignmentVerdict::kExpired:
            return "expired";
        case AssignmentVerdict::kHeldBack:
            return "held-back";
        case AssignmentVerdict::kGivenUp:
            return "given-up";
    }
    return "unknown";
}

AssignmentDecision decide_assignment(const Device& device,
                                     const ReleaseCatalog& catalog,
                                     Timestamp now) {
    const CatalogEntry* const newest = catalog.newest_ready(device.report->target);
    if (newest == nullptr) return {AssignmentVerdict::kNoRelease, nullptr};
    const ledger::ReleaseRecord& record = newest->release.record;
    // A device that lost its own memory must not be led back to what its receipts have outrun.
    const std::uint64_t has = std::max(device.report->sequence, device.confirmed_sequence);
    if (record.sequence <= has) return {AssignmentVerdict::kUpToDate, nullptr};

    if (const auto& applies = record.applies_to) {
        if (applies->from_sequence.value_or(0) > has ||
            applies->to_sequence.value_or(UINT64_MAX) < has) {
            return {AssignmentVerdict::kNotApplicable, nullptr};
        }
    }
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    if (record.not_before.value_or(0) > time) return {AssignmentVerdict::kNotYetValid, nullptr};
    if (record.expires.value_or(UINT64_MAX) <= time) return {AssignmentVerdict::kExpired, nullptr};
    if (device.hold && device.hold->release == newest->release.leaf) {
        if (device.hold->failures >= kFailuresMax) return {AssignmentVerdict::kGivenUp, nullptr};
        if (now < device.hold->until) return {AssignmentVerdict::kHeldBack, nullptr};
    }
    return {AssignmentVerdict::kAssigned, newest};
}

Hold next_hold(const std::optional<Hold>& before,
               const ledger::LeafHash& release,
               Timestamp now) noexcept {
    constexpr unsigned kDoublingsMax = 7;  // 30 s * 2^7 is more than an hour
    Hold hold;
    hold.release = release;
    hold.failures = before && before->release == release ? before->failures + 1 : 1;
    const unsigned doublings = std::min(hold.failures - 1, kDoublingsMax);
    hold.until = now + std::min(seconds(30) * (1U << doublings), seconds(3600));
    return hold;
}

std::uint32_t poll_sleep_ms(std::size_t devices) noexcept {
    constexpr std::size_t kPollsPerSecond = 100;
    return static_cast<std::uint32_t>(
        std::clamp<std::size_t>(devices * 1000 / kPollsPerSecond, 1000, 300'000));
}

}  // namespace assay::gateway
