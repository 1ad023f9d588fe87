#include "ledger/core/difficulty.hpp"

#include <algorithm>
#include <limits>

#include "host/base/assert.hpp"
#include "ledger/core/pow.hpp"

namespace assay::ledger {
namespace {

__extension__ using Wide = __int128;

// 2^(x / 65536) in 16-bit fixed point for 0 <= x < 65536: the cubic of aserti3-2d, exact in 64
// bits.
std::uint64_t power_of_two_fraction(std::uint64_t x) noexcept {
    constexpr std::uint64_t kLinear = 195'766'423'245'049;
    constexpr std::uint64_t kSquare = 971'821'376;
    constexpr std::uint64_t kCube = 5'127;
    const std::uint64_t sum = kLinear * x + kSquare * x * x + kCube * x * x * x;
    return 65'536 + ((sum + (std::uint64_t{1} << 47)) >> 48);
}

// anchor * factor * 2^shift, at most `limit` and at least 1.
U256 scaled(const U256& anchor,
            std::uint64_t factor,
            std::int64_t shift,
            const U256& limit) noexcept {
    std::uint64_t carry = 0;
    const U256 low = U256::multiply(anchor, factor, carry);  // the product is carry * 2^256 + low
    U256 target;
    if (shift >= 0) {
        if (carry != 0 || static_cast<std::int64_t>(low.bit_length()) + shift > 256) return limit;
        target = low << static_cast<unsigned>(shift);
    } else {
        const auto right = static_cast<unsigned>(std::min<std::int64_t>(-shift, 512));
        if (right < 64 && carry >> right != 0) return limit;
        const U256 high =
            right <= 256 ? U256(carry) << (256 - right) : U256(carry) >> (right - 256);
        target = (low >> right) + high;
    }
    if (target.is_zero()) return U256(1);
    return std::min(target, limit);
}

}  // namespace

std::uint32_t aserti3_2d(const AsertParams& params,
                         std::int64_t time_delta_s,
                         std::int64_t height_delta) noexcept {
    const auto anchor = expand_target(params.anchor_bits);
    const auto limit = expand_target(params.pow_limit);
    ASSAY_ASSERT(anchor && limit && params.half_life_s > 0);

    // In 128 bits nothing overflows; the result saturates far outside what 256-bit targets can
    // show.
    const Wide ideal = Wide{params.target_interval_s} * (Wide{height_delta} + 1);
    const Wide exact = (Wide{time_delta_s} - ideal) * 65'536 / params.half_life_s;
    constexpr Wide kFar = Wide{1} << 40;
    const auto exponent = static_cast<std::int64_t>(std::clamp(exact, -kFar, kFar));

    const std::int64_t shift = (exponent >> 16) - 16;  // arithmetic: towards minus infinity
    const std::uint64_t factor =
        power_of_two_fraction(static_cast<std::uint64_t>(exponent & 0xffff));
    return compact_target(scaled(*anchor, factor, shift, *limit));
}

std::int64_t next_drift(std::int64_t parent_drift_s,
                        std::uint32_t parent_time,
                        std::uint32_t time,
                        bool parent_urgent,
                        const ChainParams& params) noexcept {
    const std::int64_t interval = params.target_interval_s;
    const std::int64_t elapsed = std::int64_t{time} - parent_time;
    const std::int64_t step =
        parent_urgent ? std::min<std::int64_t>(elapsed, params.half_life_s) : interval;
    return std::min<std::int64_t>(parent_drift_s + step - interval, 0);
}

std::uint32_t required_bits(std::int64_t drift_s,
                            BlockHeight parent_height,
                            const ChainParams& params) noexcept {
    if (!params.retarget) return params.pow_limit;
    AsertParams asert;
    asert.anchor_bits = params.pow_limit;
    asert.pow_limit = params.pow_limit;
    asert.target_interval_s = params.target_interval_s;
    asert.half_life_s = params.half_life_s;
    const std::int64_t ideal = asert.target_interval_s * (std::int64_t{parent_height} + 1);
    return aserti3_2d(asert, drift_s + ideal, parent_height);
}

}  // namespace assay::ledger
