// Block 700000 of Bitcoin as a search with a known result. Its miner set all sixteen version bits
// of BIP 320, so that it has the last roll of all.

#pragma once

#include <algorithm>
#include <string_view>

#include "host/base/text_encoding.hpp"
#include "host/compute/pow_tiles.hpp"

namespace assay::test {

inline constexpr std::uint32_t kKnownNonce = 2881644503;
inline constexpr std::uint32_t kKnownRoll = 0xffff;
inline constexpr std::string_view kKnownHeader =
    "04e0ff3feb36c62f0471cee034811019e43b14f459b50e00cea30a000000000000000000659cecf4a06ed500031b"
    "741384e87d40ce5c16c3ec8c09b09ffe4b863c218d1f282d3c61e4480f17d767c2ab";

inline compute::PowWork known_work() {
    compute::PowWork work;
    const auto header = from_hex(kKnownHeader);
    std::copy_n(header->begin(), work.header.size(), work.header.begin());
    work.target[20] = std::byte{0xe4};  // bits 0x170f48e4
    work.target[21] = std::byte{0x48};
    work.target[22] = std::byte{0x0f};
    work.version_mask = 0x1fffe000;
    return work;
}

// A tile in which the block is the nonce at `place` and the last of roll_place + 1 versions.
inline compute::PowTile tile_around_known(std::uint32_t place,
                                          std::uint32_t nonces,
                                          std::uint32_t roll_place) {
    return {kKnownNonce - place, nonces, kKnownRoll - roll_place, roll_place + 1};
}

}  // namespace assay::test
