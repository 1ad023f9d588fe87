#include "gateway/dispatch/rollout.hpp"

#include <algorithm>

#include "gateway/dispatch/device_registry.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::gateway {
namespace {

bool lists(const std::vector<std::string>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

// `part` of `whole` is at least `percent`, and is something.
bool reaches(std::uint64_t part, std::uint64_t whole, unsigned percent) {
    return part > 0 && part * 100 >= whole * percent;
}

void open_phase(const RolloutPlan& plan,
                RolloutState& state,
                std::size_t phase,
                std::span<const RolloutMember> matching,
                Timestamp now) {
    state.phase = phase;
    state.phase_opened = now;
    state.met_since.reset();
    state.approved = false;
    const auto last = last_place(plan.phases[phase], matching);
    if (last) state.last_place = std::max(state.last_place.value_or(0), *last);
}

// Keeps met_since as it is while the goal is met.
bool note_goal(RolloutState& state, bool is_met, Timestamp now) {
    if (is_met == state.met_since.has_value()) return false;
    if (is_met) {
        state.met_since = now;
    } else {
        state.met_since.reset();
    }
    return true;
}

bool has_soaked(const RolloutPlan& plan, const RolloutState& state, Timestamp now) {
    const auto due = soaked_at(plan, state);
    return due && now >= *due;
}

bool has_begun(const RolloutPlan& plan, Timestamp now) { return !plan.begin || now >= *plan.begin; }

bool has_ended(const RolloutPlan& plan, Timestamp now) { return plan.end && now >= *plan.end; }

std::string what_is_left(const RolloutTally& counts) {
    return "its end has come: " + std::to_string(counts.matching - counts.done) + " of " +
           std::to_string(counts.matching) + " devices had not confirmed";
}

tl::unexpected<Error> not_now(const RolloutPlan& plan, const std::string& why) {
    return fail(std::errc::operation_not_permitted, "rollout " + plan.id + " " + why);
}

}  // namespace

std::string_view to_string(RolloutStage stage) noexcept {
    switch (stage) {
        case RolloutStage::kRunning:
            return "running";
        case RolloutStage::kPaused:
            return "paused";
        case RolloutStage::kAborted:
            return "aborted";
        case RolloutStage::kDone:
            return "done";
        case RolloutStage::kEnded:
            return "ended";
    }
    return "unknown";
}

std::optional<std::uint64_t> last_place(const RolloutPhase& phase,
                                        std::span<const RolloutMember> matching) {
    if (matching.empty()) return std::nullopt;
    if (phase.percent == 100) return UINT64_MAX;
    std::vector<std::uint64_t> places;
    places.reserve(matching.size());
    for (const RolloutMember& member : matching) places.push_back(member.place);
    const std::size_t count = std::max<std::size_t>(1, (places.size() * phase.percent + 99) / 100);
    const auto last = places.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::ranges::nth_element(places, last);
    return *last;
}

std::uint64_t place_of(std::string_view rollout, std::string_view device) {
    const std::byte separator{0};
    const Sha256Digest digest =
        crypto::sha256({as_bytes(rollout), ByteView(&separator, 1), as_bytes(device)});
    std::uint64_t place = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        place = place << 8U | std::to_integer<std::uint64_t>(digest.bytes[i]);
    }
    return place;
}

AssignmentVerdict match(const DeviceFilter& filter, const Device& device) {
    if (!filter.devices.empty() && !lists(filter.devices, device.id)) {
        return AssignmentVerdict::kNotListed;
    }
    if (!filter.sites.empty() && !lists(filter.sites, device.site)) {
        return AssignmentVerdict::kOtherSite;
    }
    for (const std::string& tag : filter.tags) {
        if (!lists(device.tags, tag)) return AssignmentVerdict::kMissingTag;
    }
    if (!device.report) return AssignmentVerdict::kNotReported;
    if (!filter.versions.empty() && !lists(filter.versions, device.report->version)) {
        return AssignmentVerdict::kOtherVersion;
    }
    return AssignmentVerdict::kAssigned;
}

AssignmentVerdict admit(const RolloutPlan& plan,
                        const RolloutState& state,
                        const Device& device,
                        std::uint64_t under_way,
                        Timestamp now) {
    if (state.stage == RolloutStage::kAborted) return AssignmentVerdict::kAborted;
    const auto progress = device.rollouts.find(plan.id);
    const bool began = progress != device.rollouts.end();
    if (began && progress->second.under_way()) return AssignmentVerdict::kAssigned;
    if (state.stage == RolloutStage::kEnded || has_ended(plan, now)) return AssignmentVerdict::kEnded;
    if (state.stage == RolloutStage::kPaused) return AssignmentVerdict::kPaused;
    if (!has_begun(plan, now)) return AssignmentVerdict::kNotBegun;
    const bool is_open = state.last_place && (began || place_of(plan.id, device.id) <= *state.last_place);
    if (!is_open) {
        return AssignmentVerdict::kLaterPhase;
    }
    if (!plan.windows.is_open(now)) return AssignmentVerdict::kWindowClosed;
    if (plan.under_way_max != 0 && under_way >= plan.under_way_max) return AssignmentVerdict::kTooMany;
    return AssignmentVerdict::kAssigned;
}

std::optional<Timestamp> deadline_of(const RolloutPlan& plan, const RolloutProgress& progress) {
    std::chrono::seconds most{0};
    if (progress.step == RolloutStep::kOffered) most = plan.deadlines.offered;
    if (progress.step == RolloutStep::kVerified) most = plan.deadlines.verified;
    if (progress.step == RolloutStep::kInstalled) most = plan.deadlines.installed;
    return most.count() == 0 ? std::nullopt : std::optional(progress.since + most);
}

std::optional<Timestamp> waiting_deadline_of(const RolloutPlan& plan,
                                             const RolloutState& state,
                                             const Device& device,
                                             Timestamp since) {
    const bool may_wait = plan.deadlines.waiting.count() == 0 || state.stage != RolloutStage::kRunning;
    if (may_wait || !state.last_place || place_of(plan.id, device.id) > *state.last_place) return std::nullopt;
    return std::max({state.phase_opened, device.last_seen, since}) + plan.deadlines.waiting;
}

RolloutTally tally(const RolloutState& state, std::span<const RolloutMember> matching) {
    RolloutTally out;
    out.matching = matching.size();
    for (const RolloutMember& member : matching) {
        const bool in = member.step || (state.last_place && member.place <= *state.last_place);
        if (!in) continue;
        ++out.members;
        if (!member.step) {
            ++out.waiting;
        } else if (*member.step == RolloutStep::kDone) {
            ++out.done;
        } else if (*member.step == RolloutStep::kFailed) {
            ++out.failed;
            if (member.is_given_up) ++out.given_up;
        } else {
            ++out.under_way;
            if (member.is_retry) ++out.retried;
        }
    }
    return out;
}

bool found_nothing_to_do(const RolloutState& state) {
    return state.stage == RolloutStage::kDone && !state.last_place;
}

bool advance(const RolloutPlan& plan,
             RolloutState& state,
             std::span<const RolloutMember> matching,
             bool others_have_it,
             Timestamp now) {
    if (found_nothing_to_do(state)) {
        if (matching.empty() || has_ended(plan, now)) return false;
        state.stage = RolloutStage::kRunning;
        state.reason.clear();
    }
    const bool is_done = state.stage == RolloutStage::kDone;
    const bool is_paused = state.stage == RolloutStage::kPaused;
    if ((state.stage == RolloutStage::kRunning || is_paused) && has_ended(plan, now)) {
        state.stage = RolloutStage::kEnded;
        state.reason = what_is_left(tally(state, matching));
        return true;
    }
    if ((state.stage != RolloutStage::kRunning && !is_done) || !has_begun(plan, now)) return false;
    bool changed = false;
    // Also if all its devices left it: nobody would ever show that the release is good.
    const bool is_empty = !matching.empty() && tally(state, matching).members == 0;
    if (!is_done && (!state.last_place || is_empty)) {
        open_phase(plan, state, state.phase, matching, now);
        if (!state.last_place) {
            if (!others_have_it) return false;
            state.stage = RolloutStage::kDone;
            state.reason = "every device that it is for had the release already";
            return true;
        }
        changed = true;
    }
    for (;;) {
        const RolloutTally counts = tally(state, matching);
        const std::uint64_t failed = counts.failed + counts.retried;
        const RolloutPhase& phase = plan.phases[state.phase];
        if (!is_done) {
            changed = note_goal(state, reaches(counts.done, counts.members, phase.success_percent), now) ||
                      changed;
        }
        const bool may_go_on = has_soaked(plan, state, now) && (!phase.gate || state.approved);
        // One that is done and was paused is no more easily aborted when it is resumed.
        const bool is_met = is_done || (may_go_on && state.phase + 1 == plan.phases.size());
        const bool is_enough = counts.done + failed >= plan.abort_finished_min &&
                               failed >= (is_met ? kFailuresAfterDoneMin : 1);
        if (plan.abort_percent != 0 && is_enough && reaches(failed, counts.members, plan.abort_percent)) {
            state.stage = RolloutStage::kAborted;
            state.reason = std::to_string(failed) + " of " + std::to_string(counts.members) +
                           " devices failed";
            return true;
        }
        if (is_done) return changed;
        if (!may_go_on) return changed;
        changed = true;
        if (state.phase + 1 == plan.phases.size()) {
            state.stage = RolloutStage::kDone;
            return true;
        }
        open_phase(plan, state, state.phase + 1, matching, now);
    }
}

std::optional<Timestamp> soaked_at(const RolloutPlan& plan, const RolloutState& state) {
    if (!state.met_since) return std::nullopt;
    return *state.met_since + plan.phases[state.phase].soak;
}

bool waits_at_gate(const RolloutPlan& plan, const RolloutState& state, Timestamp now) {
    return state.stage == RolloutStage::kRunning && plan.phases[state.phase].gate && !state.approved &&
           has_soaked(plan, state, now);
}

Result<void> pause(const RolloutPlan& plan, RolloutState& state) {
    if (state.stage != RolloutStage::kRunning && state.stage != RolloutStage::kDone) {
        return not_now(plan, "is " + std::string(to_string(state.stage)) + ": there is nothing to pause");
    }
    state.stage = RolloutStage::kPaused;
    return {};
}

Result<void> resume(const RolloutPlan& plan, RolloutState& state) {
    if (state.stage == RolloutStage::kAborted) {
        return not_now(plan, "is aborted for good; create another one when the cause is mended");
    }
    if (state.stage != RolloutStage::kPaused) {
        return not_now(plan, "is " + std::string(to_string(state.stage)) + ", not paused");
    }
    state.stage = RolloutStage::kRunning;
    return {};
}

Result<void> abort(const RolloutPlan& plan, RolloutState& state) {
    if (state.stage == RolloutStage::kAborted) return not_now(plan, "is aborted already");
    state.stage = RolloutStage::kAborted;
    state.reason = "by the operator";
    return {};
}

Result<void> approve(const RolloutPlan& plan, RolloutState& state, Timestamp now) {
    if (state.stage == RolloutStage::kPaused) return not_now(plan, "is paused; resume it first");
    if (!waits_at_gate(plan, state, now)) {
        return not_now(plan, "does not wait at a gate; `assay rollout show " + plan.id +
                                 "` says how far its phase is");
    }
    state.approved = true;
    return {};
}

Result<void> open_next(const RolloutPlan& plan,
                       RolloutState& state,
                       std::span<const RolloutMember> matching,
                       Timestamp now) {
    if (state.stage == RolloutStage::kPaused) return not_now(plan, "is paused; resume it first");
    if (state.stage != RolloutStage::kRunning) {
        return not_now(plan, "is " + std::string(to_string(state.stage)) + ": it has no next phase");
    }
    if (!state.last_place) return not_now(plan, "has not begun: no device matches, or it is too early");
    if (state.phase + 1 == plan.phases.size()) {
        state.stage = RolloutStage::kDone;
    } else if (matching.empty()) {
        return not_now(plan, "has no device that matches now: a phase could not say whom it covers");
    } else {
        open_phase(plan, state, state.phase + 1, matching, now);
    }
    return {};
}

}  // namespace assay::gateway
