#include "gateway/dispatch/assignment_verdict.hpp"

namespace assay::gateway {

std::string_view to_string(AssignmentVerdict verdict) noexcept {
    switch (verdict) {
        case AssignmentVerdict::kAssigned:
            return "assigned";
        case AssignmentVerdict::kNoRelease:
            return "no-release";
        case AssignmentVerdict::kNotReady:
            return "not-ready";
        case AssignmentVerdict::kRecalled:
            return "recalled";
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
        case AssignmentVerdict::kNotReported:
            return "not-reported";
        case AssignmentVerdict::kOtherTarget:
            return "other-target";
        case AssignmentVerdict::kOtherSite:
            return "other-site";
        case AssignmentVerdict::kMissingTag:
            return "missing-tag";
        case AssignmentVerdict::kOtherVersion:
            return "other-version";
        case AssignmentVerdict::kNotListed:
            return "not-listed";
        case AssignmentVerdict::kBlocked:
            return "blocked";
        case AssignmentVerdict::kLaterPhase:
            return "later-phase";
        case AssignmentVerdict::kWindowClosed:
            return "window-closed";
        case AssignmentVerdict::kTooMany:
            return "too-many";
        case AssignmentVerdict::kNotBegun:
            return "not-begun";
        case AssignmentVerdict::kEnded:
            return "ended";
        case AssignmentVerdict::kPaused:
            return "paused";
        case AssignmentVerdict::kAborted:
            return "aborted";
    }
    return "unknown";
}

}  // namespace assay::gateway
