// Unsigned 256-bit numbers, as far as proof of work needs them: targets, chain work and the
// difficulty rule. Plain value; results that do not fit are the caller's to avoid, as noted.

#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include "host/base/bytes.hpp"

namespace assay::ledger {

class U256 {
  public:
    static constexpr std::size_t kLimbs = 4;

    constexpr U256() = default;
    constexpr explicit U256(std::uint64_t value) noexcept : limbs_{value, 0, 0, 0} {}

    // Little-endian, 32 bytes: the order in which a hash is compared with a target.
    [[nodiscard]] static U256 from_le(std::span<const std::byte, 32> bytes) noexcept;
    [[nodiscard]] std::array<std::byte, 32> to_le() const noexcept;

    [[nodiscard]] std::uint64_t limb(std::size_t i) const noexcept { return limbs_[i]; }
    [[nodiscard]] bool is_zero() const noexcept { return *this == U256{}; }
    // Position of the highest bit set plus one; 0 for zero.
    [[nodiscard]] unsigned bit_length() const noexcept;

    // All modulo 2^256; shifts by 256 and more give zero.
    friend U256 operator+(const U256& a, const U256& b) noexcept;
    friend U256 operator-(const U256& a, const U256& b) noexcept;
    friend U256 operator<<(const U256& a, unsigned bits) noexcept;
    friend U256 operator>>(const U256& a, unsigned bits) noexcept;
    friend U256 operator~(const U256& a) noexcept;
    // Precondition: b is not zero.
    friend U256 operator/(const U256& a, const U256& b) noexcept;
    // The low 256 bits; what does not fit comes back in `carry`.
    [[nodiscard]] static U256 multiply(const U256& a,
                                       std::uint64_t b,
                                       std::uint64_t& carry) noexcept;

    friend bool operator==(const U256&, const U256&) = default;
    friend std::strong_ordering operator<=>(const U256& a, const U256& b) noexcept;

  private:
    std::array<std::uint64_t, kLimbs> limbs_{};  // least significant first
};

}  // namespace assay::ledger
