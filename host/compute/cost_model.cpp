#include "host/compute/cost_model.hpp"

#include <algorithm>

#include "host/base/assert.hpp"

namespace assay::compute {
namespace {

// Splitting takes another thread and ends when the last part does: below this it does not pay.
constexpr double kSplitSecondsMin = 0.002;
constexpr double kSplitGainMin = 0.1;

BatchShape part_of(const BatchShape& batch, double part) {
    BatchShape out = batch;
    out.bytes = static_cast<std::uint64_t>(static_cast<double>(batch.bytes) * part);
    out.messages = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(batch.messages) * part));
    return out;
}

// Shares by the rate at which each would do the whole batch, so that all end at about the same
// time.
BatchPlan split(std::span<const Candidate> candidates,
                std::span<const std::size_t> chosen,
                const BatchShape& batch) {
    double all = 0;
    for (const std::size_t i : chosen) all += 1 / predicted_seconds(candidates[i].rates, batch);
    BatchPlan plan;
    for (const std::size_t i : chosen) {
        const double part = 1 / predicted_seconds(candidates[i].rates, batch) / all;
        plan.shares.push_back({i, part});
        plan.seconds =
            std::max(plan.seconds, predicted_seconds(candidates[i].rates, part_of(batch, part)));
    }
    return plan;
}

}  // namespace

BatchShape shape_of(std::span<const ByteView> messages) noexcept {
    BatchShape shape;
    shape.messages = messages.size();
    for (const ByteView& message : messages) {
        shape.bytes += message.size();
        shape.longest = std::max<std::uint64_t>(shape.longest, message.size());
    }
    return shape;
}

double predicted_seconds(const EngineRates& rates, const BatchShape& batch) noexcept {
    const auto seconds = [](std::uint64_t count, std::uint64_t rate) {
        return static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(rate, 1));
    };
    const double launch = static_cast<double>(rates.launch_ns) * 1e-9;
    // At least something, so that rates can be formed of it.
    return std::max(launch + std::max(seconds(batch.longest, rates.lane_bytes_per_s),
                                      seconds(batch.bytes, rates.bytes_per_s)),
                    1e-9);
}

BatchPlan plan_batch(std::span<const Candidate> candidates, const BatchShape& batch) {
    ASSAY_ASSERT(!candidates.empty());
    std::vector<std::size_t> order(candidates.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return predicted_seconds(candidates[a].rates, batch) <
               predicted_seconds(candidates[b].rates, batch);
    });
    std::vector<std::size_t> chosen = {order.front()};
    BatchPlan best = split(candidates, chosen, batch);
    for (const std::size_t i : order) {
        const bool taken = std::any_of(chosen.begin(), chosen.end(), [&](std::size_t c) {
            return candidates[c].resource == candidates[i].resource;
        });
        if (taken || batch.messages <= chosen.size() || best.seconds < kSplitSecondsMin) continue;
        chosen.push_back(i);
        BatchPlan plan = split(candidates, chosen, batch);
        if (plan.seconds < best.seconds * (1 - kSplitGainMin)) {
            best = std::move(plan);
        } else {
            chosen.pop_back();
        }
    }
    return best;
}

}  // namespace assay::compute
