#include "host/ipfs/murmur3.hpp"

#include <algorithm>
#include <bit>

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kC1 = 0x87c37b91114253d5;
constexpr std::uint64_t kC2 = 0x4cf5ad432745937f;

// Up to eight bytes, little-endian.
std::uint64_t load(ByteView bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return value;
}

std::uint64_t mix1(std::uint64_t k) noexcept { return std::rotl(k * kC1, 31) * kC2; }
std::uint64_t mix2(std::uint64_t k) noexcept { return std::rotl(k * kC2, 33) * kC1; }

std::uint64_t finish(std::uint64_t k) noexcept {
    k ^= k >> 33;
    k *= 0xff51afd7ed558ccd;
    k ^= k >> 33;
    k *= 0xc4ceb9fe1a85ec53;
    return k ^ (k >> 33);
}

}  // namespace

std::uint64_t murmur3_x64_64(ByteView data) noexcept {
    std::uint64_t h1 = 0;
    std::uint64_t h2 = 0;
    ByteView rest = data;
    for (; rest.size() >= 16; rest = rest.subspan(16)) {
        h1 ^= mix1(load(rest.first(8)));
        h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= mix2(load(rest.subspan(8, 8)));
        h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    if (rest.size() > 8) h2 ^= mix2(load(rest.subspan(8)));
    h1 ^= mix1(load(rest.first(std::min<std::size_t>(rest.size(), 8))));
    h1 ^= data.size();
    h2 ^= data.size();
    h1 += h2;
    h2 += h1;
    return finish(h1) + finish(h2);
}

}  // namespace assay::ipfs
