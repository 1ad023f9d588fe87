// How fast an engine is, measured on this machine: what the cost model (cost_model.hpp) and the
// split of work among engines (combined_engine.hpp) go by. Measured when first needed and again
// with the periodic self test; kept in the cache folder, so that a start does not measure.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/base/result.hpp"
#include "host/compute/cache_folder.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

struct EngineRates {
    std::uint64_t launch_ns = 0;         // to hash one empty message
    std::uint64_t lane_bytes_per_s = 0;  // of one message alone
    std::uint64_t bytes_per_s = 0;       // of many messages at once
    std::uint64_t hashes_per_s = 0;      // SHA-256d of headers, some versions for each nonce

    friend bool operator==(const EngineRates&, const EngineRates&) = default;
};

// Takes some ten milliseconds of a fast engine and some hundred of a slow one.
[[nodiscard]] Result<EngineRates> measure_rates(HashEngine& hash, PowEngine& pow);

[[nodiscard]] Bytes encode_rates(const EngineRates& rates);
[[nodiscard]] Result<EngineRates> decode_rates(ByteView file);

// Rates by engine, device and processor. Thread-safe.
class RateCache {
  public:
    RateCache() = default;  // keeps nothing
    explicit RateCache(std::filesystem::path dir);

    [[nodiscard]] std::optional<EngineRates> find(const EngineInfo& engine) const;
    // Not finding room is no error.
    void keep(const EngineInfo& engine, const EngineRates& rates) const;

  private:
    CacheFolder files_;
    std::string processor_;
};

}  // namespace assay::compute
