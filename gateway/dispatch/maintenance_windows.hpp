// When a rollout may begin updates: times of the week in the local time of a zone. Written as people
// say it: "mon-fri 22:00-05:00", "sat,sun 00:00-24:00", "daily 02:00-04:30". One that crosses midnight
// belongs to the day on which it begins. Where clocks are put forward the skipped hour is missing
// from the window; where they are put back it comes twice. Values; pure.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dispatch/time_zone.hpp"

namespace assay::gateway {

struct WeeklyWindow {
    std::string text;              // as it was written
    std::array<bool, 7> days{};    // Monday first
    std::int32_t from_minute = 0;  // of the day, 0..1439
    std::int32_t length = 0;       // minutes, 1..1440

    // Fails with kMalformed.
    [[nodiscard]] static Result<WeeklyWindow> parse(std::string_view text);
};

inline constexpr std::size_t kWindowsMax = 16;

struct MaintenanceWindows {
    std::vector<WeeklyWindow> windows;  // none: always open
    TimeZone zone;

    [[nodiscard]] bool is_open(Timestamp now) const noexcept;
};

}  // namespace assay::gateway
