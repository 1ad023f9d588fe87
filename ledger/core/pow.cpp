#include "ledger/core/pow.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint32_t kMantissaMask = 0x007fffff;
constexpr std::uint32_t kSignBit = 0x00800000;

}  // namespace

std::optional<U256> expand_target(std::uint32_t bits) noexcept {
    const std::uint32_t mantissa = bits & kMantissaMask;
    const unsigned bytes = bits >> 24;
    if (mantissa == 0 || (bits & kSignBit) != 0) return std::nullopt;
    if (bytes <= 3) {
        const U256 target = U256(mantissa) >> (8 * (3 - bytes));
        if (target.is_zero()) return std::nullopt;
        return target;
    }
    const unsigned shift = 8 * (bytes - 3);
    if (U256(mantissa).bit_length() + shift > 256) return std::nullopt;
    return U256(mantissa) << shift;
}

std::optional<U256> expand_target(std::uint32_t bits, std::uint32_t pow_limit) noexcept {
    const auto limit = expand_target(pow_limit);
    auto target = expand_target(bits);
    if (!limit || !target || *target > *limit) return std::nullopt;
    return target;
}

std::uint32_t compact_target(const U256& target) noexcept {
    unsigned bytes = (target.bit_length() + 7) / 8;
    std::uint64_t mantissa =
        bytes <= 3 ? target.limb(0) << (8 * (3 - bytes)) : (target >> (8 * (bytes - 3))).limb(0);
    // The mantissa's top bit is a sign: a number that would set it moves up by a byte.
    if ((mantissa & kSignBit) != 0) {
        mantissa >>= 8;
        ++bytes;
    }
    return static_cast<std::uint32_t>(mantissa & kMantissaMask) | bytes << 24;
}

bool meets_target(const BlockId& id, const U256& target) noexcept {
    return U256::from_le(id.bytes) <= target;
}

// 2^256 does not fit: 2^256 / (t + 1) = (2^256 - t - 1) / (t + 1) + 1 = ~t / (t + 1) + 1.
U256 block_work(const U256& target) noexcept {
    const U256 divisor = target + U256(1);
    if (divisor.is_zero()) return U256(1);
    return ~target / divisor + U256(1);
}

}  // namespace assay::ledger
