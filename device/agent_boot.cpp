// The part of the agent that settles a start with the boot loader: which slot runs, which one the boot
// loader starts next, and which one holds what was confirmed. They are one and the same while nothing
// is tried. Where they are not, the device sets it right or says so, and writes to no slot.

#include "device/agent.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::device {
namespace {

using ledger::ReceiptEvent;

// Then a boot loader that does not start what it was told to is left alone.
constexpr std::uint64_t kRestartsMax = 5;

}  // namespace

Result<Agent::Next> Agent::start() {
    auto state = file_.load();
    if (!state) return fail(std::move(state).error());
    state_ = std::move(*state);
    if (const auto dropped = drop_receipts_of_others(state_, options_.ledger_id); dropped != 0) {
        parts_.log("receipts-dropped", {{"count", std::to_string(dropped)},
                                        {"detail", "made under the device's name at another site"}});
        if (auto saved = save(); !saved) return fail(std::move(saved).error());
    }
    if (state_.checkpoint) known_time_ = state_.checkpoint->time;
    known_at_ = std::chrono::steady_clock::now();
    const auto running = parts_.boot.boot();
    if (!running) return fail(running.error());
    running_ = *running;
    for (const RefusedRelease& entry : state_.refused) {
        held_until_[entry.release] =
            std::chrono::steady_clock::now() +
            backoff(entry.attempts, options_.refused_pause, options_.refused_pause_max);
    }
    parts_.log("started", {{"slot", std::string(slot_name(running_))},
                        {"phase", std::string(to_string(state_.phase))}});
    if (auto settled = settle_pending(); !settled) return fail(std::move(settled).error());
    if (state_.phase == Phase::kTrying) {
        if (auto settled = settle_trial(); !settled) return fail(std::move(settled).error());
        if (state_.phase == Phase::kTrying) return ask_for_restart();
    }
    return settle_slots();
}

// What the last life had begun, in a slot that may not be the other one any more.
Result<void> Agent::settle_pending() {
    if (!state_.pending || state_.phase == Phase::kTrying) return {};
    if (state_.phase == Phase::kInstalled) {
        if (running_ != state_.pending->slot) return {};
        advance(Event::kRestarted);  // the power went between telling the boot loader and writing it down
        return save();
    }
    const auto boot = parts_.boot.read();
    if (!boot) return fail(boot.error());
    // Somebody has switched slots: neither what runs nor what is to start next is written to.
    if (running_ != state_.pending->slot && boot->active != state_.pending->slot) return {};
    advance(Event::kAbandoned);
    return save();
}

// Started from the new slot, or not any more: keep it or go back.
Result<void> Agent::settle_trial() {
    const PendingRelease release = *state_.pending;
    const auto boot = parts_.boot.read();
    if (!boot) return fail(boot.error());
    const bool is_committed = boot->active == release.slot && !boot->trial;  // the power went before save()
    if (is_committed) return keep(release);
    if (running_ != release.slot) {
        // With a boot loader that has not tried yet, this is no boot but the agent alone that started
        // again; or a boot loader that does not look where the agent writes.
        const bool is_untried = boot->trial && boot->tries_left == options_.boot_tries;
        if (is_untried && state_.restarts_asked < kRestartsMax) return {};
        const Error why(make_error_code(Refusal::kBootFailed),
                        is_untried ? "the boot loader does not try the new slot"
                                   : "no try of the new slot succeeded");
        return roll_back(release, why);
    }
    const auto healthy = check_health(options_.health, slots_, release);
    return healthy ? keep(release) : roll_back(release, healthy.error());
}

// With nothing on trial, what runs is what was confirmed, and what the boot loader starts next.
Result<Agent::Next> Agent::settle_slots() {
    const auto boot = parts_.boot.read();
    if (!boot) return fail(boot.error());
    const bool is_at_rest = state_.phase != Phase::kInstalled;  // else it may have been told to try
    const bool is_as_left = boot->active == running_ && !(is_at_rest && boot->trial);
    const bool runs_installed = state_.installed && state_.installed->slot == running_;
    if (!is_as_left && runs_installed) {
        // A copy of its state was lost, and the one before tells of the trial.
        parts_.log("boot-state-repaired", {{"slot", std::string(slot_name(running_))}});
        if (auto kept = parts_.boot.commit(running_); !kept) return fail(std::move(kept).error());
    } else if (boot->active != running_) {
        if (state_.restarts_asked < kRestartsMax) return ask_for_restart();
        problem_ = Error(make_error_code(Refusal::kBootFailed),
                         "the boot loader starts slot " + std::string(slot_name(running_)) +
                             " though its active one is " + std::string(slot_name(boot->active)));
        parts_.log("boot-loader-disobeys", {{"detail", problem_->context()}});
        return Next{};
    }
    is_lost_ = state_.installed && !runs_installed;
    if (auto noted = note_fallback(); !noted) return fail(std::move(noted).error());
    if (state_.restarts_asked == 0) return Next{};
    state_.restarts_asked = 0;
    if (auto saved = save(); !saved) return fail(std::move(saved).error());
    return Next{};
}

// The boot loader went back from what was confirmed, by itself.
Result<void> Agent::note_fallback() {
    const bool is_news = state_.phase == Phase::kConfirmed || state_.phase == Phase::kIdle;
    if (!is_news || !is_lost_) return {};
    PendingRelease lost;
    lost.release = state_.installed->release;
    lost.slot = state_.installed->slot;
    const Error why(make_error_code(Refusal::kBootFailed), "the boot loader went back from what was confirmed");
    return report_rollback(lost, why);
}

Result<Agent::Next> Agent::ask_for_restart() {
    ++state_.restarts_asked;
    if (auto saved = save(); !saved) return fail(std::move(saved).error());
    return Next{Next::Kind::kRestart, {}};
}

Result<void> Agent::roll_back(const PendingRelease& release, const Error& why) {
    if (auto back = parts_.boot.abandon(); !back) return back;
    state_.restarts_asked = 0;
    return report_rollback(release, why);
}

Result<void> Agent::report_rollback(const PendingRelease& release, const Error& why) {
    const Refusal word = refusal_of(why.code()).value_or(Refusal::kBootFailed);
    auto receipt = receipt_of(release, ReceiptEvent::kRolledBack);
    receipt.result = static_cast<std::uint16_t>(word);
    receipt.detail = detail_of(why);
    if (auto added = add_receipt(std::move(receipt)); !added) return added;
    remember_refusal(release.release, word);
    problem_ = why;
    advance(Event::kUnhealthy);
    parts_.log("rolled-back", {{"release", to_hex(release.release.view())},
                               {"word", std::string(to_word(word))},
                               {"detail", why.context()}});
    return save();
}

Result<void> Agent::keep(const PendingRelease& release) {
    if (auto kept = parts_.boot.commit(release.slot); !kept) return kept;
    InstalledRelease installed;
    installed.release = release.release;
    installed.slot = release.slot;
    installed.sequence = release.sequence;
    installed.version = release.version;
    installed.sha256 = release.sha256;
    state_.installed = installed;
    is_lost_ = false;
    state_.restarts_asked = 0;
    state_.sequence_floor = std::max(state_.sequence_floor, release.min_sequence);
    if (auto added = add_receipt(receipt_of(release, ReceiptEvent::kConfirmed)); !added)
        return added;
    advance(Event::kHealthy);
    parts_.log("confirmed", {{"release", to_hex(release.release.view())},
                             {"sequence", std::to_string(release.sequence)},
                             {"version", release.version}});
    return save();
}

}  // namespace assay::device
