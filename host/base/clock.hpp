// Wall-clock time as the ledgers and the device see it: whole seconds since 1970. Time-outs use
// std::chrono::steady_clock and never this.

#pragma once

#include <chrono>

namespace assay {

using Timestamp = std::chrono::sys_seconds;

class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    [[nodiscard]] virtual Timestamp now() const noexcept = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const noexcept override {
        return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    }
};

}  // namespace assay
