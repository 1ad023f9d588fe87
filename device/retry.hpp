// When to come back: growing pauses after failures, and a little randomness so that a fleet that
// lost its gateway together does not return together.

#pragma once

#include <chrono>
#include <cstdint>

namespace assay::device {

using Milliseconds = std::chrono::milliseconds;

// first, 2 first, 4 first... at most `max`; `failures` counts from 1.
[[nodiscard]] Milliseconds backoff(std::uint64_t failures, Milliseconds first, Milliseconds max);
// `pause`, up to a tenth longer.
[[nodiscard]] Milliseconds with_jitter(Milliseconds pause);

}  // namespace assay::device
