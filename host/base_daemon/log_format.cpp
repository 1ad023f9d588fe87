#include "host/base_daemon/log_format.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "host/base/escape_text.hpp"

namespace assay::log {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

bool is_plain_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    });
}

int milliseconds_of(Time time) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch();
    return static_cast<int>(since.count() % 1000);
}

}  // namespace

Value::Value(double value) : text_{fmt::format("{}", value)}, quoted_{!std::isfinite(value)} {}

std::string_view to_string(Level level) noexcept {
    return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view name) noexcept {
    const auto* const found = std::find(std::begin(kLevels), std::end(kLevels), name);
    if (found == std::end(kLevels)) return std::nullopt;
    return static_cast<Level>(found - std::begin(kLevels));
}

std::string format_json(Time time,
                        Level level,
                        std::string_view name,
                        std::span<const Field> fields) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    std::string out = fmt::format(R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","event":)",
                                  seconds, milliseconds_of(time), to_string(level));
    append_quoted(out, name);
    for (const Field& field : fields) {
        out += ',';
        append_quoted(out, field.key);
        out += ':';
        if (field.value.is_quoted()) {
            append_quoted(out, field.value.text());
        } else {
            out += field.value.text();
        }
    }
    out += '}';
    return out;
}

std::string format_human(Time time,
                         Level level,
                         std::string_view name,
                         std::span<const Field> fields) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    std::string out = fmt::format("{:%H:%M:%S}.{:03} {:<7} {}", seconds, milliseconds_of(time),
                                  to_string(level), name);
    for (const Field& field : fields) {
        out += ' ';
        out += field.key;
        out += '=';
        if (is_plain_word(field.value.text())) {
            out += field.value.text();
        } else {
            append_quoted(out, field.value.text());
        }
    }
    return out;
}

}  // namespace assay::log
