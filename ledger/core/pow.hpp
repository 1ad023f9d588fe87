// Proof of work as Bitcoin has it: compact targets, the comparison of a block id with its target,
// and the work that a chain adds up. Pure functions.

#pragma once

#include <cstdint>
#include <optional>

#include "ledger/core/ids.hpp"
#include "ledger/core/u256.hpp"

namespace assay::ledger {

// Nothing for a compact number that is negative, zero or wider than 256 bits.
[[nodiscard]] std::optional<U256> expand_target(std::uint32_t bits) noexcept;
// Nothing also for a target above that of `pow_limit`.
[[nodiscard]] std::optional<U256> expand_target(std::uint32_t bits,
                                                std::uint32_t pow_limit) noexcept;
// The compact number of `target`, low digits cut off.
[[nodiscard]] std::uint32_t compact_target(const U256& target) noexcept;

// The id, read as a little-endian number, is at most the target.
[[nodiscard]] bool meets_target(const BlockId& id, const U256& target) noexcept;

// Hashes that such a block takes on average: 2^256 / (target + 1).
[[nodiscard]] U256 block_work(const U256& target) noexcept;

}  // namespace assay::ledger
