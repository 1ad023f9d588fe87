#include "gateway/dispatch/rfc3339.hpp"

#include <fmt/format.h>

namespace assay::gateway {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Timestamp kFirst{std::chrono::sys_days(std::chrono::year(1970) / 1 / 1)};
constexpr Timestamp kEnd = Timestamp{std::chrono::sys_days(std::chrono::year(9999) / 12 / 31)} + days(1);

// The digits that `form` has a '0' for, if `text` is of that form.
bool has_form(std::string_view text, std::string_view form) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !is_digit : text[i] != form[i]) return false;
    }
    return true;
}

int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int number = 0;
    for (const char c : text.substr(at, digits)) number = number * 10 + (c - '0');
    return number;
}

std::optional<minutes> offset_of(std::string_view zone) {
    if (zone == "Z") return minutes(0);
    if (!has_form(zone, "+00:00") && !has_form(zone, "-00:00")) return std::nullopt;
    const int hour = number_at(zone, 1, 2), minute = number_at(zone, 4, 2);
    if (hour > 23 || minute > 59) return std::nullopt;
    return (hours(hour) + minutes(minute)) * (zone[0] == '-' ? -1 : 1);
}

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept {
    constexpr std::string_view kForm = "0000-00-00T00:00:00";
    if (!has_form(text.substr(0, kForm.size()), kForm)) return std::nullopt;
    const auto offset = offset_of(text.substr(kForm.size()));
    const std::chrono::year_month_day date{std::chrono::year(number_at(text, 0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number_at(text, 8, 2)))};
    const int hour = number_at(text, 11, 2), minute = number_at(text, 14, 2), second = number_at(text, 17, 2);
    if (!offset || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const Timestamp time =
        std::chrono::sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - *offset;
    return time < kFirst || time >= kEnd ? std::nullopt : std::optional(time);
}

std::string to_rfc3339(Timestamp time) {
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace assay::gateway
