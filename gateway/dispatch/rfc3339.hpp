// Instants as operators write them (RFC 3339): "2027-03-01T22:00:00+01:00", "2027-03-01T21:00:00Z". Whole
// seconds, always with a zone, of the years 1970 to 9999. Pure. Used for the begin and end of rollouts.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"

namespace assay::gateway {

// Nothing else is accepted: no fractions, no leap second, no lower case.
[[nodiscard]] std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept;

// In UTC, with "Z". Precondition: parse_rfc3339 gives such times.
[[nodiscard]] std::string to_rfc3339(Timestamp time);

}  // namespace assay::gateway
