#include "host/base/escape_text.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include "host/base/text_encoding.hpp"

namespace assay {
namespace {

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

// Controls of either range, line separators, and what embeds or overrides a direction (UAX 9).
bool is_control(char32_t value) {
    return value < 0x20 || (value >= 0x7f && value < 0xa0) || (value >= 0x2028 && value <= 0x202e) ||
           (value >= 0x2066 && value <= 0x2069);
}

void append_escaped(std::string& out, std::string_view text, bool is_quoted) {
    while (!text.empty()) {
        const auto point = front_of(text);
        const char32_t value = point ? point->value : 0xfffd;
        if (is_quoted && (value == '"' || value == '\\')) {
            out += '\\';
            out += static_cast<char>(value);
        } else if (value == '\n') {
            out += "\\n";
        } else if (!point || is_control(value)) {
            const std::array code{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
            out += "\\u" + to_hex(code);
        } else {
            out += text.substr(0, point->bytes);
        }
        text.remove_prefix(point ? point->bytes : 1);
    }
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text, true);
    out += '"';
}

std::string escape_controls(std::string_view text) {
    std::string out;
    append_escaped(out, text, false);
    return out;
}

}  // namespace assay
