#include "host/base_daemon/log_format.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace assay::log {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

struct CodePoint {
    char32_t value;
    std::size_t bytes;
};

// The code point at the front of `text`, or nothing if it is not well-formed UTF-8 (RFC 3629).
std::optional<CodePoint> front_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return CodePoint{lead, 1};
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return std::nullopt;
    char32_t value = lead & (0xffU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80) return std::nullopt;
        value = value << 6 | (next & 0x3fU);
    }
    const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (overlong || surrogate || value > 0x10ffff) return std::nullopt;
    return CodePoint{value, bytes};
}

// Appends `text` as a JSON string (RFC 8259), without the control characters of either range.
void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto point = front_of(text);
        const char32_t value = point ? point->value : 0xfffd;
        if (value == '"' || value == '\\') {
            out += '\\';
            out += static_cast<char>(value);
        } else if (value == '\n') {
            out += "\\n";
        } else if (!point || value < 0x20 || (value >= 0x7f && value < 0xa0)) {
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(value));
        } else {
            out += text.substr(0, point->bytes);
        }
        text.remove_prefix(point ? point->bytes : 1);
    }
    out += '"';
}

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
