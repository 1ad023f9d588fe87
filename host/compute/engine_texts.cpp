#include "host/compute/engine_texts.hpp"

#include <cstdio>

namespace assay::compute {
namespace {

constexpr std::uint64_t kKibibyte = 1024;
constexpr BatchShape kBatches[] = {
    {1, 64, 64},
    {1, 1024 * kKibibyte, 1024 * kKibibyte},
    {4, 1024 * kKibibyte, 256 * kKibibyte},
    {16, 4096 * kKibibyte, 256 * kKibibyte},
    {64, 16384 * kKibibyte, 256 * kKibibyte},
    {1024, 4096 * kKibibyte, 4 * kKibibyte},
    {1024, 262144 * kKibibyte, 256 * kKibibyte},
};

std::string percent(double part) {
    return std::to_string(static_cast<int>(part * 100 + 0.5)) + " %";
}

}  // namespace

std::string rate_text(std::uint64_t per_second, std::string_view unit) {
    constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T"};
    auto value = static_cast<double>(per_second);
    std::size_t prefix = 0;
    while (value >= 1000 && prefix + 1 < std::size(kPrefixes)) {
        value /= 1000;
        ++prefix;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.3g ", value);
    return text + std::string(kPrefixes[prefix]) + std::string(unit);
}

std::string explain_mining(std::span<const EngineReport> engines, std::string_view chosen) {
    std::string used;
    std::string resting;
    for (const EngineReport& engine : engines) {
        if (!engine.rates || !engine.mine) continue;
        const std::string text = engine.name + " " + rate_text(engine.rates->hashes_per_s, "H/s");
        const std::string padded = "+" + std::string(chosen) + "+";
        const bool is_used = padded.find("+" + engine.name + "+") != std::string::npos;
        std::string& list = is_used ? used : resting;
        list += (list.empty() ? "" : ", ") + text;
    }
    std::string text = "measured: " + used;
    if (!resting.empty()) text += "; slower on the same processor: " + resting;
    return text;
}

std::string explain_hashing(std::span<const EngineReport> engines) {
    std::string text;
    for (const EngineReport& engine : engines) {
        if (!engine.rates || !engine.hash) continue;
        text += (text.empty() ? "measured: " : ", ") + engine.name + " " +
                rate_text(engine.rates->bytes_per_s, "B/s") + " (" +
                rate_text(engine.rates->lane_bytes_per_s, "B/s") + " a message)";
    }
    return text + "; each batch goes where it is done first";
}

std::vector<BatchChoice> explain_batches(std::span<const EngineReport> engines,
                                         std::span<const unsigned> resources) {
    std::vector<Candidate> candidates;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < engines.size(); ++i) {
        if (!engines[i].rates || !engines[i].hash) continue;
        candidates.push_back({*engines[i].rates, resources[i]});
        names.push_back(engines[i].name);
    }
    std::vector<BatchChoice> out;
    if (candidates.empty()) return out;
    for (const BatchShape& batch : kBatches) {
        const BatchPlan plan = plan_batch(candidates, batch);
        BatchChoice choice;
        choice.batch = batch;
        choice.seconds = plan.seconds;
        for (const BatchShare& share : plan.shares) {
            choice.engines += (choice.engines.empty() ? "" : " + ") + names[share.candidate];
            if (plan.shares.size() > 1) choice.engines += " " + percent(share.part);
        }
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            choice.alone.emplace_back(names[i], predicted_seconds(candidates[i].rates, batch));
        }
        out.push_back(std::move(choice));
    }
    return out;
}

}  // namespace assay::compute
