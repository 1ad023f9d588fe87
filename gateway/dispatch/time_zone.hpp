// Local time as a POSIX TZ rule gives it (POSIX.1-2017, section 8.3, with the wider hours of
// RFC 9636, section 3.3.1): "CET-1CEST,M3.5.0,M10.5.0/3". A rule says what the clocks of a zone do
// from now on, in one line that a plan can carry, so that no later update of a machine's zone files
// moves a maintenance window. The C library's TZ belongs to the whole process, and g++ 12 has no
// std::chrono::time_zone. Values; pure but for load().

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"

namespace assay::gateway {

class TimeZone {
  public:
    TimeZone() = default;  // UTC

    // Fails with kMalformed.
    [[nodiscard]] static Result<TimeZone> parse(std::string_view rule);
    // "Europe/Berlin", whose rule is the last line of its file (RFC 9636, section 3.3), or a rule.
    [[nodiscard]] static Result<TimeZone> load(std::string_view name_or_rule);

    [[nodiscard]] const std::string& rule() const noexcept { return rule_; }
    // Seconds to add to UTC.
    [[nodiscard]] std::int32_t offset_at(Timestamp time) const noexcept;

  private:
    // A day of each year and the second of that day, in local time, at which the clocks change.
    struct Change {
        enum class Kind { kNone, kWeekday, kJulian, kDayOfYear };
        Kind kind = Kind::kNone;
        std::int32_t month = 0, week = 0, day = 0;
        std::int32_t second = 2 * 3600;

        [[nodiscard]] std::int64_t seconds_in(std::int32_t year) const noexcept;
    };
    class Parser;

    std::string rule_ = "UTC0";
    std::int32_t standard_ = 0;
    std::int32_t summer_ = 0;
    Change to_summer_, to_standard_;
};

}  // namespace assay::gateway
