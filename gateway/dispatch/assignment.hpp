// Decides which release a device gets, and says why it gets none. Pure: reads the catalog of
// releases, the rollouts, a report and the time.

#pragma once

#include "gateway/dispatch/assignment_verdict.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/release/release_catalog.hpp"
#include "host/base/clock.hpp"

namespace assay::gateway {

// Then a release is given up for that device: each attempt writes its flash.
inline constexpr unsigned kFailuresMax = 8;

struct AssignmentDecision {
    AssignmentVerdict verdict = AssignmentVerdict::kNoRelease;
    const CatalogEntry* release = nullptr;  // set exactly with kAssigned
    const Rollout* rollout = nullptr;       // that offers it; null: offered to all
};

// What goes out: by rollouts, and beside them.
struct DispatchRules {
    const ReleaseCatalog& catalog;
    const RolloutBook& rollouts;
    bool outside_rollouts = true;  // releases that no rollout names go to all
};

// Whether the release is for devices that have that sequence.
[[nodiscard]] bool is_applicable(const ledger::ReleaseRecord& release, std::uint64_t has) noexcept;

// It failed so often on the device that it is not offered again.
[[nodiscard]] bool is_given_up(const Device& device, const ledger::LeafHash& release) noexcept;

// Whether the device may have this release at all, whatever offers it.
[[nodiscard]] AssignmentVerdict judge_release(const Device& device,
                                              const CatalogEntry& entry,
                                              Timestamp now);

// Of the releases that are open to the device the most urgent one; among equals the one of the
// rollout with the highest priority, then the newest. Without any, why the first of these is not.
// Precondition: the device has reported.
[[nodiscard]] AssignmentDecision decide_assignment(const Device& device,
                                                   const DispatchRules& rules,
                                                   Timestamp now);

// After a failure or a refusal: 30 s, doubling with each one of that release, at most an hour. Counts
// are kept of the last kHoldsMax releases that failed.
void hold_back(Device& device, const ledger::LeafHash& release, Timestamp now);

// How long a device should sleep between polls: all devices together poll about 100 times a second,
// each at least every 5 minutes and at most once a second.
[[nodiscard]] std::uint32_t poll_sleep_ms(std::size_t devices) noexcept;
// Between polls that the gateway keeps until there is something to say.
inline constexpr std::uint32_t kKeptPollSleepMs = 1000;

}  // namespace assay::gateway
