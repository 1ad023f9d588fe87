#include "gateway/dispatch/maintenance_windows.hpp"

#include <algorithm>
#include <charconv>

namespace assay::gateway {
namespace {

constexpr std::int32_t kDayMinutes = 24 * 60;
constexpr std::int32_t kWeekMinutes = 7 * kDayMinutes;
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::optional<std::size_t> day_of(std::string_view name) {
    const auto found = std::ranges::find(kDays, name);
    if (found == kDays.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kDays.begin());
}

// "daily", "mon", "mon-fri", "sat,sun"
bool read_days(std::string_view text, std::array<bool, 7>& days) {
    if (text == "daily") {
        days.fill(true);
        return true;
    }
    for (;;) {
        const std::string_view part = text.substr(0, text.find(','));
        const std::size_t dash = part.find('-');
        const auto first = day_of(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : day_of(part.substr(dash + 1));
        if (!first || !last) return false;
        for (std::size_t day = *first;; day = (day + 1) % 7) {
            days[day] = true;
            if (day == *last) break;
        }
        if (part.size() == text.size()) return true;
        text.remove_prefix(part.size() + 1);
    }
}

// "22:00"
std::optional<std::int32_t> read_minute(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto two = [](std::string_view digits) -> std::optional<std::int32_t> {
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
        return (digits[0] - '0') * 10 + (digits[1] - '0');
    };
    const auto hour = two(text.substr(0, 2));
    const auto minute = two(text.substr(3));
    if (!hour || !minute || *minute > 59) return std::nullopt;
    const std::int32_t all = *hour * 60 + *minute;
    return all > kDayMinutes ? std::nullopt : std::optional(all);
}

}  // namespace

Result<WeeklyWindow> WeeklyWindow::parse(std::string_view text) {
    WeeklyWindow window;
    window.text = std::string(text.substr(0, 64));
    const std::size_t space = text.find(' ');
    const std::string_view times = space == std::string_view::npos ? "" : text.substr(space + 1);
    const auto from = times.size() == 11 && times[5] == '-' ? read_minute(times.substr(0, 5))
                                                            : std::nullopt;
    const auto to = from ? read_minute(times.substr(6)) : std::nullopt;
    const bool is_good = to && text.size() <= 64 && *from < kDayMinutes && *from != *to &&
                         read_days(text.substr(0, space), window.days);
    if (!is_good) {
        return fail(Refusal::kMalformed, "\"" + window.text + "\" is no window such as "
                                         "\"mon-fri 22:00-05:00\" or \"daily 02:00-04:30\"");
    }
    window.from_minute = *from;
    window.length = *to > *from ? *to - *from : *to + kDayMinutes - *from;
    return window;
}

bool MaintenanceWindows::is_open(Timestamp now) const noexcept {
    if (windows.empty()) return true;
    const std::int64_t local = now.time_since_epoch().count() + zone.offset_at(now);
    constexpr std::int64_t kMondayOffset = 3;  // 1970-01-01 was a Thursday
    const auto minute = static_cast<std::int32_t>(
        (((local / 60 + kMondayOffset * kDayMinutes) % kWeekMinutes) + kWeekMinutes) % kWeekMinutes);
    return std::ranges::any_of(windows, [minute](const WeeklyWindow& window) {
        for (std::int32_t day = 0; day < 7; ++day) {
            if (!window.days[static_cast<std::size_t>(day)]) continue;
            const std::int32_t since = minute - day * kDayMinutes - window.from_minute;
            if ((since + kWeekMinutes) % kWeekMinutes < window.length) return true;
        }
        return false;
    });
}

}  // namespace assay::gateway
