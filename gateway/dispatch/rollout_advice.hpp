// What an operator is told of a rollout: what is wrong with a plan before anything begins, what a
// rollout waits for, and what to do next. Pure: reads what is passed in. Used by the operator's API.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/release/release_catalog.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"

namespace assay::gateway {

// Whether devices can have the sites and tags of a filter at all. Fails with Refusal::kMalformed. Not
// asked of plans that are read from disk: those of before were not checked.
[[nodiscard]] Result<void> check_labels(const DeviceFilter& filter);

// Whether its end is still to come; nor is that asked of those on disk. Fails with Refusal::kMalformed.
[[nodiscard]] Result<void> check_end(const RolloutPlan& plan, Timestamp now);

// Why no device would ever be offered the release: release-recalled, key-revoked, release-expired.
[[nodiscard]] std::optional<Error> why_never_offered(const ConsortiumView& consortium,
                                                     const KnownRelease& release,
                                                     Timestamp now);

// What may not be as the operator thinks: labels and names that no device has, and other rollouts
// that the same devices are part of.
[[nodiscard]] std::vector<std::string> warnings_of(const RolloutPlan& plan,
                                                   const ledger::ReleaseRecord& release,
                                                   const DeviceRegistry& devices,
                                                   const RolloutBook& rollouts,
                                                   const ReleaseCatalog& catalog);

// What the operator could do, or must; empty: nothing. `entry` is that of its release, if known.
[[nodiscard]] std::string next_of(const Rollout& rollout, const CatalogEntry* entry, Timestamp now);

// What its next phase, or its end, waits for; empty unless it is running.
[[nodiscard]] std::string wait_of(const Rollout& rollout,
                                  const CatalogEntry* entry,
                                  const RolloutTally& counts,
                                  Timestamp now);

}  // namespace assay::gateway
