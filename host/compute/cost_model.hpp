// Which engines should hash a batch, from what was measured of them. Pure; used by CombinedEngine
// and shown by `assay engines --explain`.
//
// The model: a batch takes its engine the time of a launch, and then as long as its longest message
// takes in one lane, or all its bytes take in all lanes, whichever is longer. So a processor, quick
// to start and fast in each lane, gets what is small or has few messages; an accelerator with many
// slow lanes gets what is large.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/compute/engine_rates.hpp"

namespace assay::compute {

struct BatchShape {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t longest = 0;
};
[[nodiscard]] BatchShape shape_of(std::span<const ByteView> messages) noexcept;

[[nodiscard]] double predicted_seconds(const EngineRates& rates, const BatchShape& batch) noexcept;

// Engines with the same resource (the processor is one, each accelerator another) would only take
// time from each other: a batch uses at most one of them.
struct Candidate {
    EngineRates rates;
    unsigned resource = 0;
};
struct BatchShare {
    std::size_t candidate;  // index
    double part;            // of the bytes; all parts sum up to 1
};
struct BatchPlan {
    std::vector<BatchShare> shares;
    double seconds = 0;  // predicted
};
// One share, unless splitting the batch is worth it. Precondition: there is a candidate.
[[nodiscard]] BatchPlan plan_batch(std::span<const Candidate> candidates, const BatchShape& batch);

}  // namespace assay::compute
