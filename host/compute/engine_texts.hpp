// Why "auto" does what it does, for people, with the measured numbers. Internal to the registry.

#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/compute/engine_registry.hpp"

namespace assay::compute {

// "47.1 MH/s", "6.21 GB/s"
[[nodiscard]] std::string rate_text(std::uint64_t per_second, std::string_view unit);

// `chosen` is "cpu:shani" or "opencl:0+cpu:shani".
[[nodiscard]] std::string explain_mining(std::span<const EngineReport> engines,
                                         std::string_view chosen);
[[nodiscard]] std::string explain_hashing(std::span<const EngineReport> engines);

// Batches from one small message to many large ones. `resources` as in cost_model.hpp, one for each
// engine.
[[nodiscard]] std::vector<BatchChoice> explain_batches(std::span<const EngineReport> engines,
                                                       std::span<const unsigned> resources);

}  // namespace assay::compute
