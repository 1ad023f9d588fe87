// Rollouts as JSON: what operators send and read (docs/rollouts.md), and what the book keeps on disk.
// Reading is strict and bounded: types, ranges, no unknown members. Io thread or any other.

#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "gateway/dispatch/rollout.hpp"

namespace assay::gateway {

inline constexpr std::size_t kPlanBytesMax = 256 * 1024;
inline constexpr std::size_t kPhasesMax = 32;
inline constexpr std::size_t kFilterTextsMax = 4096;

[[nodiscard]] boost::json::object to_json(const RolloutPlan& plan);
// Fails with kMalformed or kLimitExceeded, and says which member and what it may be.
[[nodiscard]] Result<RolloutPlan> parse_rollout_plan(std::string_view text);

[[nodiscard]] boost::json::object to_json(const RolloutState& state);
// Throws std::exception for anything but what to_json wrote: damage on disk.
[[nodiscard]] RolloutState rollout_state_from(const boost::json::object& in);

// [a-z0-9.-], 1 to 64 characters: names of rollouts, sites and tags.
[[nodiscard]] bool is_label(std::string_view text) noexcept;

}  // namespace assay::gateway
