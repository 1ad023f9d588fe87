// How engines are watched over, and what is known of each. Used by the engine registry and shown in
// the status.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::compute {

struct Supervision {
    Supervision() = default;

    std::chrono::milliseconds retry_first{1000};  // doubled with each failure...
    std::chrono::milliseconds retry_max{60'000};  // ...up to this
    std::chrono::milliseconds self_test_every{600'000};
    std::chrono::milliseconds rest_after{10'000};  // an idle OpenCL device gives its memory back
};

enum class EngineState : std::uint8_t { kUntested, kReady, kDropped };
[[nodiscard]] std::string_view to_string(EngineState state) noexcept;

struct EngineHealth {
    EngineHealth() = default;

    EngineState state = EngineState::kUntested;
    std::string problem;                    // why it was dropped last; empty: never
    std::uint64_t failures = 0;             // how often it was dropped or failed to come back
    std::chrono::milliseconds retry_in{0};  // while dropped
};

}  // namespace assay::compute
