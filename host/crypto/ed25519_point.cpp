#include "host/crypto/ed25519_point.hpp"

#include <algorithm>
#include <array>

namespace assay::crypto {
namespace {

using Coordinate = std::array<std::uint8_t, 32>;  // little-endian, sign bit cleared

// p = 2^255 - 19.
constexpr Coordinate make_prime() {
    Coordinate p{};
    p.fill(0xff);
    p[0] = 0xed;
    p[31] = 0x7f;
    return p;
}
constexpr Coordinate kPrime = make_prime();

constexpr Coordinate make_small(std::uint8_t y) { return {y}; }
constexpr Coordinate make_minus_one() {
    Coordinate y = kPrime;
    y[0] = 0xec;
    return y;
}

// The y coordinates of the eight points whose order divides 8, each shared by x and -x: order 1
// (y = 1), 2 (y = -1), 4 (y = 0) and 8 (the last two; their sum is p).
constexpr std::array<Coordinate, 5> kSmallOrder{
    make_small(0),
    make_small(1),
    make_minus_one(),
    Coordinate{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
               0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
               0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    Coordinate{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
               0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
               0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

}  // namespace

bool is_strict_ed25519_point(ByteView point) noexcept {
    Coordinate y{};
    std::memcpy(y.data(), point.data(), y.size());
    y[31] &= 0x7f;
    const bool canonical =
        std::lexicographical_compare(y.rbegin(), y.rend(), kPrime.rbegin(), kPrime.rend());
    return canonical && std::find(kSmallOrder.begin(), kSmallOrder.end(), y) == kSmallOrder.end();
}

}  // namespace assay::crypto
