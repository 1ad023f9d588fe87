#include "gateway/dispatch/time_zone.hpp"

#include <algorithm>

#include "host/base/file.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kRuleBytesMax = 128;
constexpr std::size_t kZoneFileBytesMax = 64 * 1024;
constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
constexpr std::int64_t kDay = 86'400;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t days_to(std::chrono::year_month_day date) {
    return std::chrono::sys_days(date).time_since_epoch().count();
}

tl::unexpected<Error> no_rule(std::string_view rule) {
    return fail(Refusal::kMalformed, "\"" + std::string(rule) + "\" is no time zone rule such as "
                                     "\"UTC0\" or \"CET-1CEST,M3.5.0,M10.5.0/3\"");
}

// A name below the folder of zones that leads nowhere else.
bool is_zone_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && is_letter(name.front()) &&
           std::ranges::all_of(name, [](char c) {
               return is_letter(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
           });
}

}  // namespace

// Reads from the left; after the first mistake everything fails.
class TimeZone::Parser {
  public:
    explicit Parser(std::string_view text) : text_{text} {}

    bool parse(TimeZone& zone) {
        name();
        zone.standard_ = -signed_time(24);
        zone.summer_ = zone.standard_;
        if (text_.empty()) return !failed_;
        name();
        zone.summer_ = zone.standard_ + 3600;
        if (!text_.empty() && text_.front() != ',') zone.summer_ = -signed_time(24);
        expect(',');
        zone.to_summer_ = change();
        expect(',');
        zone.to_standard_ = change();
        return !failed_ && text_.empty();
    }

  private:
    bool take(char c) {
        if (failed_ || text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) { failed_ = !take(c) || failed_; }

    // "CET" or "<+03>"
    void name() {
        const bool quoted = take('<');
        std::size_t length = 0;
        while (length < text_.size() &&
               (is_letter(text_[length]) ||
                (quoted && (is_digit(text_[length]) || text_[length] == '+' || text_[length] == '-')))) {
            ++length;
        }
        text_.remove_prefix(length);
        failed_ = failed_ || length < 3;
        if (quoted) expect('>');
    }
    std::int32_t number(std::int32_t low, std::int32_t high) {
        std::int32_t value = 0;
        std::size_t length = 0;
        while (length < text_.size() && length < 3 && is_digit(text_[length])) {
            value = value * 10 + (text_[length++] - '0');
        }
        text_.remove_prefix(length);
        failed_ = failed_ || length == 0 || value < low || value > high;
        return value;
    }
    // [+-]h[h[h]][:mm[:ss]] in seconds
    std::int32_t signed_time(std::int32_t hours_max) {
        const bool negative = take('-');
        if (!negative) take('+');
        std::int32_t time = number(0, hours_max) * 3600;
        if (take(':')) time += number(0, 59) * 60;
        if (take(':')) time += number(0, 59);
        return negative ? -time : time;
    }
    Change change() {
        Change change;
        if (take('M')) {
            change.kind = Change::Kind::kWeekday;
            change.month = number(1, 12);
            expect('.');
            change.week = number(1, 5);
            expect('.');
            change.day = number(0, 6);
        } else if (take('J')) {
            change.kind = Change::Kind::kJulian;
            change.day = number(1, 365);
        } else {
            change.kind = Change::Kind::kDayOfYear;
            change.day = number(0, 365);
        }
        if (take('/')) change.second = signed_time(167);
        return change;
    }

    std::string_view text_;
    bool failed_ = false;
};

std::int64_t TimeZone::Change::seconds_in(std::int32_t year) const noexcept {
    using namespace std::chrono;
    const std::chrono::year in_year{year};
    const std::int64_t new_year = days_to(in_year / January / 1);
    std::int64_t at = new_year + day;
    if (kind == Kind::kJulian) {  // 29 February is never counted
        at = new_year + day - (in_year.is_leap() && day >= 60 ? 0 : 1);
    } else if (kind == Kind::kWeekday) {
        const std::chrono::month in_month{static_cast<unsigned>(month)};
        const weekday wanted{static_cast<unsigned>(day)};
        at = week == 5 ? days_to(sys_days(in_year / in_month / wanted[last]))
                       : days_to(sys_days(in_year / in_month / wanted[static_cast<unsigned>(week)]));
    }
    return at * kDay + second;
}

Result<TimeZone> TimeZone::parse(std::string_view rule) {
    TimeZone zone;
    zone.rule_ = std::string(rule);
    if (rule.size() > kRuleBytesMax || !Parser(rule).parse(zone)) return no_rule(rule);
    return zone;
}

Result<TimeZone> TimeZone::load(std::string_view name_or_rule) {
    if (name_or_rule.empty() || name_or_rule == "UTC") return TimeZone();
    if (auto zone = parse(name_or_rule)) return zone;
    if (!is_zone_name(name_or_rule)) return no_rule(name_or_rule);
    const auto file = read_file(kZoneFolder + std::string(name_or_rule), kZoneFileBytesMax);
    if (!file) {
        return fail(Refusal::kMalformed, "this machine knows no zone \"" + std::string(name_or_rule) +
                                         "\"; give its rule instead, such as "
                                         "\"CET-1CEST,M3.5.0,M10.5.0/3\"");
    }
    std::string_view text = as_text(*file);
    if (!text.starts_with("TZif") || !text.ends_with('\n')) return no_rule(name_or_rule);
    text.remove_suffix(1);
    return parse(text.substr(text.rfind('\n') + 1));
}

std::int32_t TimeZone::offset_at(Timestamp time) const noexcept {
    if (to_summer_.kind == Change::Kind::kNone) return standard_;
    const std::int64_t now = time.time_since_epoch().count();
    const auto day = std::chrono::floor<std::chrono::days>(time + std::chrono::seconds(standard_));
    const auto year = static_cast<int>(std::chrono::year_month_day(day).year());
    const std::int64_t summer = to_summer_.seconds_in(year) - standard_;
    const std::int64_t standard = to_standard_.seconds_in(year) - summer_;
    const bool is_summer = summer < standard ? summer <= now && now < standard
                                             : now < standard || summer <= now;  // the south
    return is_summer ? summer_ : standard_;
}

}  // namespace assay::gateway
