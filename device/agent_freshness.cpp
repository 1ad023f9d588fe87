// The part of the agent that looks after time: what the clock cannot be before, and whether the
// device has heard from the ledger lately. A gateway that has no news, or says so, is asked for a
// fresh checkpoint; one that has none to show is noticed.

#include <algorithm>

#include "device/agent.hpp"

namespace assay::device {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kJudgementHolds{10};

std::chrono::seconds seconds_since(steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - time);
}

}  // namespace

// The latest time of a checkpoint and what has passed since, or the clock if that is later. A clock
// that was set back, or ran out of battery, is not believed.
std::optional<std::uint64_t> Agent::time_at_least() const {
    std::optional<std::uint64_t> time;
    if (state_.checkpoint) {
        time = known_time_ + static_cast<std::uint64_t>(seconds_since(known_at_).count());
    }
    if (parts_.clock == nullptr) return time;
    const auto clock = static_cast<std::uint64_t>(parts_.clock->now().time_since_epoch().count());
    return std::max(time.value_or(0), clock);
}

// A checkpoint shown again, or one of long ago, does not turn time back: else whoever replays them
// would never be noticed.
void Agent::learn_from(const ledger::VerifiedRelease& verified) {
    const std::chrono::seconds passed = seconds_since(known_at_);
    known_time_ += state_.checkpoint ? static_cast<std::uint64_t>(passed.count()) : 0;
    known_at_ += passed;
    learn(state_, verified);
    if (parts_.newest_checkpoint != nullptr) *parts_.newest_checkpoint = state_.checkpoint->time;
    if (state_.checkpoint->time <= known_time_) return;
    known_time_ = state_.checkpoint->time;
    known_at_ = steady_clock::now();
}

Result<void> Agent::keep_in_touch() {
    if (!state_.checkpoint) return {};
    const std::uint64_t limit = options_.identity.checkpoint_age_max_s;
    const auto age = [&] {
        const std::uint64_t time = time_at_least().value_or(0);
        return time - std::min(time, state_.checkpoint->time);
    };
    const bool can_ask = state_.installed && !parts_.gateway.is_offline();
    if (can_ask && age() > limit / 2 && steady_clock::now() >= refresh_at_) {
        refresh_at_ = steady_clock::now() + std::chrono::seconds(limit / 16);
        if (auto done = refresh_checkpoint(); !done) return done;
    }
    const bool is_out = age() > limit;
    if (is_out && !is_out_of_touch_) {
        parts_.log(kOutOfTouch,
                   {{"word", std::string(to_word(Refusal::kCheckpointStale))},
                    {"detail", "the newest checkpoint is " + std::to_string(age()) +
                                   " s old: the gateway has no newer one, or keeps it back"}});
    }
    is_out_of_touch_ = is_out;
    return {};
}

// A proof of what is installed has the newest checkpoint in it.
Result<void> Agent::refresh_checkpoint() {
    const auto proof = parts_.gateway.proof(state_.installed->release);
    if (!proof) {
        note_gateway_failure(proof.error());
        return {};
    }
    auto reached = follow_steps(*proof, options_.identity, state_);
    if (reached && *reached) {
        refresh_at_ = {};  // the next poll says how far it is, and the next proof goes on from there
        return advance_epoch(std::move(**reached));
    }
    const auto verified = verify_installed(*proof, state_.installed->release, options_.identity,
                                           state_, time_at_least());
    if (verified) {
        learn_from(*verified);
        return save();
    }
    const auto word = refusal_of(verified.error().code()).value_or(Refusal::kMalformed);
    parts_.log("checkpoint-refused", {{"word", std::string(to_word(word))},
                                      {"detail", verified.error().context()}});
    return {};
}

// A release that has waited for its restart is judged again where a status says which one is the current
// one: it may have been recalled meanwhile. Without an answer the device waits.
Result<bool> Agent::still_stands() {
    const auto now = std::chrono::steady_clock::now();
    if (!options_.identity.requires_status) return true;
    if (judged_at_ && now - *judged_at_ < kJudgementHolds) return true;
    const PendingRelease release = *state_.pending;
    const auto proof = parts_.gateway.proof(release.release);
    if (!proof) {
        note_gateway_failure(proof.error());
        return false;
    }
    auto reached = follow_steps(*proof, options_.identity, state_);
    if (reached && *reached) {
        if (auto kept = advance_epoch(std::move(**reached)); !kept) return fail(std::move(kept).error());
        return false;
    }
    // Steps that were followed already: the gateway knows the epoch of the last poll alone.
    if (!reached && reached.error().is(Refusal::kEpochUnknown)) return false;
    const auto verified = judge(*proof, release.release);
    if (verified) {
        learn_from(*verified);
        judged_at_ = now;
        return true;
    }
    auto given_up = give_up({release.release, release.nonce, release.slot, verified.error()});
    if (!given_up) return fail(std::move(given_up).error());
    return false;
}

}  // namespace assay::device
