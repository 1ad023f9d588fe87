// One log event as a line of text. Pure; used by log.cpp.
//
// Field values may come from a peer: control characters and broken UTF-8 are escaped in both
// formats, so that nobody can forge a line or drive the operator's terminal.

#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

[[nodiscard]] std::string_view to_string(Level level) noexcept;  // "debug", "info"...
[[nodiscard]] std::optional<Level> parse_level(std::string_view name) noexcept;

// A field's value; implicit, so that a list of fields reads like one.
class Value {
  public:
    // NOLINTBEGIN(google-explicit-constructor)
    Value(std::string_view text) : text_{text}, quoted_{true} {}
    Value(const std::string& text) : text_{text}, quoted_{true} {}
    Value(const char* text) : text_{text}, quoted_{true} {}
    Value(bool value) : text_{value ? "true" : "false"} {}
    Value(double value);
    template <std::integral T>
    Value(T value) : text_{std::to_string(value)} {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_quoted() const noexcept { return quoted_; }

  private:
    std::string text_;
    bool quoted_ = false;  // in JSON: a string rather than a number, true or false
};

struct Field {
    std::string_view key;
    Value value;
};

using Time = std::chrono::system_clock::time_point;

// {"time":"2026-01-31T23:59:59.123Z","level":"info","event":"release-found","height":7}
[[nodiscard]] std::string format_json(Time time,
                                      Level level,
                                      std::string_view name,
                                      std::span<const Field> fields);

// 23:59:59.123 info    release-found height=7 (UTC)
[[nodiscard]] std::string format_human(Time time,
                                       Level level,
                                       std::string_view name,
                                       std::span<const Field> fields);

}  // namespace assay::log
