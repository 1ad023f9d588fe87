// The search over a tile, the same for every instruction set: nonces in bands as wide as the
// registers, and in each band every version, since they share the band's message schedule.
//
// Internal to the sha256_*.cpp files, each of which gets its own copy compiled with its own flags:
// hence the unnamed namespace, and nothing of the standard library that is code.

#pragma once

#include <cstddef>
#include <cstdint>

#include "host/compute/sha256_backend.hpp"

namespace assay::compute {
namespace {

// Band is an instruction set's kernel:
//   kNonces                    nonces side by side, at most 64
//   Band(tile)                 what does not depend on the nonce
//   start(nonce)               the message schedule of `nonce` and those after it
//   candidates(midstates, count, out)
//                              for each midstate a mask of the nonces whose hash has a most
//                              significant word not above that of the target
template <typename Band>
TileResult search_bands(const NonceTile& tile) noexcept {
    constexpr std::size_t kMidstatesAtOnce = 64;
    std::uint64_t masks[kMidstatesAtOnce];
    TileResult best = {false, 0, 0, 0};
    Band band(tile);
    for (std::uint64_t first = 0; first < tile.nonce_count && !best.found; first += Band::kNonces) {
        const auto nonce = static_cast<std::uint32_t>(tile.first_nonce + first);
        const std::uint64_t left = tile.nonce_count - first;
        std::uint64_t lanes = left < Band::kNonces ? left : Band::kNonces;
        band.start(nonce);
        for (std::size_t done = 0; done < tile.midstate_count; done += kMidstatesAtOnce) {
            const std::size_t rest = tile.midstate_count - done;
            const std::size_t count = rest < kMidstatesAtOnce ? rest : kMidstatesAtOnce;
            const Sha256State* const midstates = tile.midstates + done;
            band.candidates(midstates, count, masks);
            best.hashes_tried += lanes * count;
            for (std::size_t m = 0; m < count; ++m) {
                // Once there is a hit only a lower nonce wins; the same one has a lower version.
                for (std::uint64_t mask = masks[m]; mask != 0; mask &= mask - 1) {
                    const auto lane = static_cast<unsigned>(__builtin_ctzll(mask));
                    if (lane >= lanes) break;
                    if (!is_hit(tile, midstates[m], nonce + lane)) continue;
                    best.found = true;
                    best.nonce = nonce + lane;
                    best.midstate_index = done + m;
                    lanes = lane;
                    break;
                }
            }
        }
    }
    return best;
}

}  // namespace
}  // namespace assay::compute
