// A rollout: which devices get a release, how many of them at a time, and when to stop. The plan is
// what the operator wrote and never changes; the state is how far it is. Pure: devices, receipts and
// the time are passed in, so that the same events lead to the same state, also after a restart.
// docs/rollouts.md explains it to operators; RolloutBook keeps rollouts on disk.
//
// Phases open one after another. Each device has a place, drawn from a hash of the rollout's and its
// own name; a phase of 10 % covers the first tenth of the devices that match when it opens, and those
// that come later and draw such a place. The next phase opens once enough devices have
// confirmed the release, for as long as the soak time says, and the operator has opened the gate.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/dispatch/assignment_verdict.hpp"
#include "gateway/dispatch/maintenance_windows.hpp"
#include "gateway/dispatch/rollout_progress.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

struct Device;

// Every list that is not empty must be met.
struct DeviceFilter {
    std::vector<std::string> sites;     // one of them
    std::vector<std::string> tags;      // all of them
    std::vector<std::string> versions;  // runs one of them
    std::vector<std::string> devices;   // is one of them
};

struct RolloutPhase {
    unsigned percent = 100;         // of the matching devices, earlier phases included
    unsigned success_percent = 90;  // of the phase's devices, for the next phase to open
    std::chrono::seconds soak{0};   // so long that must hold
    bool gate = false;              // then wait for an operator, too
};

// How long a device may stay in a step before it counts as failed; 0: as long as it likes. Waiting: it has
// not been offered the release, and has not come since.
struct RolloutDeadlines {
    std::chrono::seconds waiting{0}, offered{0}, verified{0}, installed{0};
};

struct RolloutPlan {
    std::string id;  // [a-z0-9.-], 1 to 64 characters
    ledger::LeafHash release;
    DeviceFilter filter;
    std::vector<RolloutPhase> phases;  // ascending
    unsigned abort_percent = 10;       // failed devices of the open phases; 0: never by itself
    std::uint32_t abort_finished_min = 1;  // devices that are done or failed before it may be aborted
    std::optional<Timestamp> begin, end;  // not before, and not after; what has begun goes on
    MaintenanceWindows windows;        // when updates begin; what has begun goes on
    int priority = 0;                  // among releases of the same urgency, higher goes first
    std::uint32_t under_way_max = 0;   // devices at a time; 0: any number
    RolloutDeadlines deadlines;
};

// Ended: its end came before its goal was met. Nobody begins any more.
enum class RolloutStage { kRunning, kPaused, kAborted, kDone, kEnded };
// "running", "paused", "aborted", "done", "ended"
[[nodiscard]] std::string_view to_string(RolloutStage stage) noexcept;

struct RolloutState {
    RolloutStage stage = RolloutStage::kRunning;
    std::size_t phase = 0;  // the newest that is open
    Timestamp created{};
    Timestamp phase_opened{};
    std::optional<std::uint64_t> last_place;  // of the open phases; none while nobody matches
    std::optional<Timestamp> met_since;       // the phase's goal has been met
    bool approved = false;                    // the gate after this phase
    std::string reason;                       // why it was aborted or had nothing to do, or what its end left
};

// Of the devices of the open phases.
struct RolloutTally {
    std::uint64_t matching = 0;  // in all phases
    std::uint64_t members = 0;
    std::uint64_t waiting = 0, under_way = 0, done = 0, failed = 0;
    std::uint64_t retried = 0;  // of those under way: failed before
    std::uint64_t given_up = 0;  // of those that failed: not offered it again
};

// One matching device, as advance() sees it.
struct RolloutMember {
    std::uint64_t place = 0;
    std::optional<RolloutStep> step;  // none: not offered yet
    bool is_retry = false;            // failed before, and is offered the release again
    bool is_given_up = false;         // failed too often to be offered it again
};

// A rollout that has reached its goal is aborted by so many failed devices at least: where few match, one
// that is late, or broken, would be share enough.
inline constexpr std::uint64_t kFailuresAfterDoneMin = 3;

// Where a device stands in the queue of a rollout; even over all 64-bit numbers.
[[nodiscard]] std::uint64_t place_of(std::string_view rollout, std::string_view device);

// Of the last device that a phase covers, which are at least one; none if nobody matches.
[[nodiscard]] std::optional<std::uint64_t> last_place(const RolloutPhase& phase,
                                                      std::span<const RolloutMember> matching);

// kAssigned if the device matches; else the first thing that does not.
[[nodiscard]] AssignmentVerdict match(const DeviceFilter& filter, const Device& device);

// Whether a device that matches may begin, try again or go on now. `under_way` counts the others. One
// that failed keeps its place in the phase, and waits like one that begins.
[[nodiscard]] AssignmentVerdict admit(const RolloutPlan& plan,
                                      const RolloutState& state,
                                      const Device& device,
                                      std::uint64_t under_way,
                                      Timestamp now);

// When the device has been in its step for too long; none if it may take as long as it likes.
[[nodiscard]] std::optional<Timestamp> deadline_of(const RolloutPlan& plan,
                                                   const RolloutProgress& progress);

// The same for one that matches and has not begun; none unless an open phase waits for it. `since`: nobody
// knows of a device's coming before.
[[nodiscard]] std::optional<Timestamp> waiting_deadline_of(const RolloutPlan& plan,
                                                           const RolloutState& state,
                                                           const Device& device,
                                                           Timestamp since);

[[nodiscard]] RolloutTally tally(const RolloutState& state, std::span<const RolloutMember> matching);

// Opens the next phase, or has the rollout aborted, ended or done, if it is time; one that is done may still be
// aborted. A phase that all its devices left is opened again. Returns whether `state` changed.
// A device that had the release before the rollout is no member. If there are no others (`others_have_it`)
// before the first phase, the rollout is done, and begins when a device comes that has not.
bool advance(const RolloutPlan& plan,
             RolloutState& state,
             std::span<const RolloutMember> matching,
             bool others_have_it,
             Timestamp now);

// It is done because there was nothing to do, and has opened no phase.
[[nodiscard]] bool found_nothing_to_do(const RolloutState& state);

// When the phase's goal will have held for long enough; none while it is not met.
[[nodiscard]] std::optional<Timestamp> soaked_at(const RolloutPlan& plan, const RolloutState& state);
// The goal is met and has been for long enough: only the operator is missing.
[[nodiscard]] bool waits_at_gate(const RolloutPlan& plan, const RolloutState& state, Timestamp now);

// What the operator may do. Fails with std::errc::operation_not_permitted and what to do instead.
[[nodiscard]] Result<void> pause(const RolloutPlan& plan, RolloutState& state);
[[nodiscard]] Result<void> resume(const RolloutPlan& plan, RolloutState& state);
[[nodiscard]] Result<void> abort(const RolloutPlan& plan, RolloutState& state);
[[nodiscard]] Result<void> approve(const RolloutPlan& plan, RolloutState& state, Timestamp now);
// Opens the next phase whatever the goal, the soak time and the gate of this one say; after the last one
// the rollout is done.
[[nodiscard]] Result<void> open_next(const RolloutPlan& plan,
                                     RolloutState& state,
                                     std::span<const RolloutMember> matching,
                                     Timestamp now);

}  // namespace assay::gateway
