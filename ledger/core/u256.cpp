#include "ledger/core/u256.hpp"

#include <bit>

#include "host/base/assert.hpp"

namespace assay::ledger {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

U256 U256::from_le(std::span<const std::byte, 32> bytes) noexcept {
    U256 out;
    for (std::size_t i = 0; i < 32; ++i) {
        out.limbs_[i / 8] |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * (i % 8));
    }
    return out;
}

std::array<std::byte, 32> U256::to_le() const noexcept {
    std::array<std::byte, 32> out{};
    for (std::size_t i = 0; i < 32; ++i) {
        out[i] = static_cast<std::byte>(limbs_[i / 8] >> (8 * (i % 8)) & 0xff);
    }
    return out;
}

unsigned U256::bit_length() const noexcept {
    for (std::size_t i = kLimbs; i-- > 0;) {
        if (limbs_[i] != 0) {
            return static_cast<unsigned>(64 * i + static_cast<unsigned>(std::bit_width(limbs_[i])));
        }
    }
    return 0;
}

U256 operator+(const U256& a, const U256& b) noexcept {
    U256 out;
    Wide carry = 0;
    for (std::size_t i = 0; i < U256::kLimbs; ++i) {
        carry += Wide{a.limbs_[i]} + b.limbs_[i];
        out.limbs_[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    return out;
}

U256 operator~(const U256& a) noexcept {
    U256 out;
    for (std::size_t i = 0; i < U256::kLimbs; ++i) out.limbs_[i] = ~a.limbs_[i];
    return out;
}

U256 operator-(const U256& a, const U256& b) noexcept { return a + ~b + U256(1); }

U256 operator<<(const U256& a, unsigned bits) noexcept {
    U256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t i = limbs; i < U256::kLimbs; ++i) {
        out.limbs_[i] = a.limbs_[i - limbs] << rest;
        if (rest != 0 && i > limbs) out.limbs_[i] |= a.limbs_[i - limbs - 1] >> (64 - rest);
    }
    return out;
}

U256 operator>>(const U256& a, unsigned bits) noexcept {
    U256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t i = 0; i + limbs < U256::kLimbs; ++i) {
        out.limbs_[i] = a.limbs_[i + limbs] >> rest;
        if (rest != 0 && i + limbs + 1 < U256::kLimbs) {
            out.limbs_[i] |= a.limbs_[i + limbs + 1] << (64 - rest);
        }
    }
    return out;
}

// Schoolbook, bit by bit: once per block is all it is used for.
U256 operator/(const U256& a, const U256& b) noexcept {
    ASSAY_ASSERT(!b.is_zero());
    U256 quotient;
    U256 rest = a;
    if (a.bit_length() < b.bit_length()) return quotient;
    for (unsigned shift = a.bit_length() - b.bit_length() + 1; shift-- > 0;) {
        const U256 part = b << shift;
        if (part > rest) continue;
        rest = rest - part;
        quotient.limbs_[shift / 64] |= std::uint64_t{1} << (shift % 64);
    }
    return quotient;
}

U256 U256::multiply(const U256& a, std::uint64_t b, std::uint64_t& carry) noexcept {
    U256 out;
    Wide sum = 0;
    for (std::size_t i = 0; i < kLimbs; ++i) {
        sum += Wide{a.limbs_[i]} * b;
        out.limbs_[i] = static_cast<std::uint64_t>(sum);
        sum >>= 64;
    }
    carry = static_cast<std::uint64_t>(sum);
    return out;
}

std::strong_ordering operator<=>(const U256& a, const U256& b) noexcept {
    for (std::size_t i = U256::kLimbs; i-- > 0;) {
        if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] <=> b.limbs_[i];
    }
    return std::strong_ordering::equal;
}

}  // namespace assay::ledger
