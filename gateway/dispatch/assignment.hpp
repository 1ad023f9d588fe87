// Decides which release a device gets, and says why it gets none. Pure: reads the catalog of
// releases, a report and the time.

#pragma once

#include <string_view>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/release/release_catalog.hpp"
#include "host/base/clock.hpp"

namespace assay::gateway {

enum class AssignmentVerdict {
    kAssigned,
    kNoRelease,      // nothing is ready for its vendor, class and component
    kUpToDate,       // the newest one is confirmed
    kNotApplicable,  // not from the sequence the device has
    kNotYetValid,
    kExpired,
    kHeldBack,  // failed on this device a moment ago
    kGivenUp,   // failed on this device kFailuresMax times; a newer release is offered again
};
// "assigned", "no-release", "up-to-date", ...
[[nodiscard]] std::string_view to_string(AssignmentVerdict verdict) noexcept;

// Then a release is given up for that device: each attempt writes its flash.
inline constexpr unsigned kFailuresMax = 8;

struct AssignmentDecision {
    AssignmentVerdict verdict = AssignmentVerdict::kNoRelease;
    const CatalogEntry* release = nullptr;  // set exactly with kAssigned
};

// The newest ready release above the device's sequence. Precondition: the device has reported.
[[nodiscard]] AssignmentDecision decide_assignment(const Device& device,
                                                   const ReleaseCatalog& catalog,
                                                   Timestamp now);

// After a failure or a refusal: 30 s, doubling with each one in a row, at most an hour.
[[nodiscard]] Hold next_hold(const std::optional<Hold>& before,
                             const ledger::LeafHash& release,
                             Timestamp now) noexcept;

// How long a device should sleep between polls: all devices together poll about 100 times a second,
// each at least every 5 minutes and at most once a second.
[[nodiscard]] std::uint32_t poll_sleep_ms(std::size_t devices) noexcept;

}  // namespace assay::gateway
