// Why a device is offered a release, or why not: one word each, the same in the operator's lists, in
// a rollout's dry run and in docs/rollouts.md.

#pragma once

#include <string_view>

namespace assay::gateway {

enum class AssignmentVerdict {
    kAssigned,

    // The release
    kNoRelease,   // nothing is there for its vendor, class and component
    kNotReady,    // it is not retrieved and verified yet, or it was refused
    kRecalled,    // or a key that signed it was revoked
    kUpToDate,    // the device has it, or a newer one
    kNotApplicable,  // not from the sequence the device has
    kNotYetValid,
    kExpired,
    kHeldBack,  // failed on this device a moment ago
    kGivenUp,   // failed on this device kFailuresMax times; a newer release is offered again

    // The device
    kNotReported,  // it has never said what it is
    kOtherTarget,  // another vendor, class or component
    kOtherSite,
    kMissingTag,
    kOtherVersion,
    kNotListed,
    kBlocked,  // by the operator

    // The rollout
    kLaterPhase,
    kWindowClosed,
    kTooMany,  // as many as it may have under way at once are
    kNotBegun,  // before its begin
    kEnded,     // its end has passed
    kPaused,
    kAborted,
};
// "assigned", "no-release", "up-to-date", ...
[[nodiscard]] std::string_view to_string(AssignmentVerdict verdict) noexcept;

}  // namespace assay::gateway
