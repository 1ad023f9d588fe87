#include "gateway/dispatch/rollout_progress.hpp"

#include <array>

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;

constexpr std::array kSteps{RolloutStep::kOffered, RolloutStep::kVerified, RolloutStep::kInstalled,
                            RolloutStep::kDone, RolloutStep::kFailed};

std::optional<RolloutStep> step_of(ReceiptEvent event) {
    switch (event) {
        case ReceiptEvent::kVerified:
            return RolloutStep::kVerified;
        case ReceiptEvent::kInstalled:
            return RolloutStep::kInstalled;
        case ReceiptEvent::kConfirmed:
            return RolloutStep::kDone;
        case ReceiptEvent::kFailed:
        case ReceiptEvent::kRolledBack:
        case ReceiptEvent::kRefused:
            return RolloutStep::kFailed;
        default:
            return std::nullopt;  // the gateway's own
    }
}

bool leads_on(const RolloutProgress& before, RolloutStep step, ReceiptEvent event) {
    switch (before.step) {
        case RolloutStep::kDone:
            return event == ReceiptEvent::kFailed || event == ReceiptEvent::kRolledBack;
        case RolloutStep::kFailed:
            return step == RolloutStep::kDone || before.word == kLateWord;
        default:
            return step > before.step;  // kFailed is above all others
    }
}

}  // namespace

std::string_view to_string(RolloutStep step) noexcept {
    switch (step) {
        case RolloutStep::kOffered:
            return "offered";
        case RolloutStep::kVerified:
            return "verified";
        case RolloutStep::kInstalled:
            return "installed";
        case RolloutStep::kDone:
            return "done";
        case RolloutStep::kFailed:
            return "failed";
    }
    return "unknown";
}

std::optional<RolloutStep> parse_rollout_step(std::string_view text) noexcept {
    for (const RolloutStep step : kSteps) {
        if (to_string(step) == text) return step;
    }
    return std::nullopt;
}

RolloutProgress after_receipt(const RolloutProgress& before,
                              ReceiptEvent event,
                              std::string_view word,
                              Timestamp now) {
    const auto step = step_of(event);
    if (!step || !leads_on(before, *step, event)) return before;
    RolloutProgress after;
    after.step = *step;
    after.since = now;
    if (*step == RolloutStep::kDone) return after;
    after.is_retry = before.is_retry || before.step == RolloutStep::kFailed;
    after.word = before.word;
    if (*step == RolloutStep::kFailed) {
        after.word = word.empty() ? std::string(ledger::to_string(event)) : std::string(word);
    }
    return after;
}

}  // namespace assay::gateway
