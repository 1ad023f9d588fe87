// Numbers in text: digits alone, all of the text, no sign, no space, no overflow.

#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay {

[[nodiscard]] inline std::optional<std::uint64_t> parse_number(std::string_view text,
                                                               int base = 10) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, base);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

}  // namespace assay
