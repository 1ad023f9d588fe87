// The difficulty rule: aserti3-2d, as Bitcoin Cash runs it, on time that counts only while the
// chain is busy (ledger rule M7 in docs/ledger-rules.md). Pure functions.

#pragma once

#include <cstdint>

#include "ledger/core/genesis.hpp"

namespace assay::ledger {

struct AsertParams {
    std::uint32_t anchor_bits = 0;
    std::uint32_t pow_limit = 0;
    std::int64_t target_interval_s = 0;
    std::int64_t half_life_s = 1;
};

// The compact target of the block that is `height_delta` + 1 above the anchor, when the block
// before it is `time_delta_s` later than the parent of the anchor.
[[nodiscard]] std::uint32_t aserti3_2d(const AsertParams& params,
                                       std::int64_t time_delta_s,
                                       std::int64_t height_delta) noexcept;

// Counted seconds that a block at `time` adds beyond T, never leaving more than zero in sum.
// `parent_urgent`: see ParentContext (validation.hpp).
[[nodiscard]] std::int64_t next_drift(std::int64_t parent_drift_s,
                                      std::uint32_t parent_time,
                                      std::uint32_t time,
                                      bool parent_urgent,
                                      const ChainParams& params) noexcept;

// `bits` of the child of a block with this drift.
[[nodiscard]] std::uint32_t required_bits(std::int64_t drift_s,
                                          BlockHeight parent_height,
                                          const ChainParams& params) noexcept;

}  // namespace assay::ledger
