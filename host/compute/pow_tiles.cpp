#include "host/compute/pow_tiles.hpp"

#include <algorithm>
#include <bit>

#include "host/crypto/sha256.hpp"

namespace assay::compute {
namespace {

std::uint32_t le32(const std::byte* in) noexcept {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(in[i]) << (8 * i);
    return value;
}

std::uint32_t be32(const std::byte* in) noexcept {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value = (value << 8) | std::to_integer<std::uint32_t>(in[i]);
    return value;
}

}  // namespace

Result<void> check_work(const PowWork& work) {
    constexpr std::uint64_t kNonces = std::uint64_t{1} << 32;
    if (work.nonce_count > kNonces - work.first_nonce) {
        return fail(std::errc::invalid_argument, "proof of work: nonce range beyond 2^32");
    }
    const std::uint64_t rolls = std::uint64_t{1} << std::popcount(work.version_mask);
    if (work.first_version_roll > rolls ||
        work.version_roll_count > rolls - work.first_version_roll) {
        return fail(std::errc::invalid_argument,
                    "proof of work: version rolls beyond the bits of the version mask");
    }
    return {};
}

TileCursor::TileCursor(const PowWork& work) noexcept
    : nonce_{work.first_nonce},
      nonce_end_{work.first_nonce + work.nonce_count},
      roll_first_{work.first_version_roll},
      roll_end_{work.first_version_roll + work.version_roll_count},
      roll_{roll_first_} {
    if (work.version_roll_count == 0) nonce_ = nonce_end_;
}

std::optional<PowTile> TileCursor::next(std::uint64_t hashes, std::uint32_t rolls_max) noexcept {
    if (nonce_ == nonce_end_) return std::nullopt;
    constexpr std::uint64_t kNoncesMax = std::uint64_t{1} << 31;
    const std::uint64_t rolls =
        std::min({roll_end_ - roll_, std::uint64_t{rolls_max}, std::max<std::uint64_t>(hashes, 1)});
    if (roll_ == roll_first_) {
        const std::uint64_t nonces =
            std::min({nonce_end_ - nonce_, std::max<std::uint64_t>(hashes / rolls, 1), kNoncesMax});
        block_nonces_ = static_cast<std::uint32_t>(nonces);
    }
    const PowTile tile{static_cast<std::uint32_t>(nonce_), block_nonces_,
                       static_cast<std::uint32_t>(roll_), static_cast<std::uint32_t>(rolls)};
    roll_ += rolls;
    if (roll_ == roll_end_) {
        roll_ = roll_first_;
        nonce_ += block_nonces_;
    }
    return tile;
}

HeaderWords::HeaderWords(const PowWork& work) noexcept
    : header_{work.header}, version_{le32(work.header.data())}, mask_{work.version_mask} {
    for (std::size_t i = 0; i < 3; ++i) tail_[i] = be32(header_.data() + 64 + 4 * i);
    for (std::size_t i = 0; i < 8; ++i) target_[i] = le32(work.target.data() + 28 - 4 * i);
}

PowHit HeaderWords::hit(std::uint32_t nonce, std::uint32_t roll) const noexcept {
    return PowHit(rolled_version(version_, mask_, roll), nonce);
}

std::vector<Sha256State> HeaderWords::midstates(const Sha256Backend& backend,
                                                const PowTile& tile) const {
    std::vector<Sha256State> states(tile.roll_count, kSha256Initial);
    std::vector<HeaderBytes> headers(tile.roll_count);
    std::vector<Sha256State*> state_pointers(tile.roll_count);
    std::vector<const std::byte*> blocks(tile.roll_count);
    for (std::uint32_t i = 0; i < tile.roll_count; ++i) {
        headers[i] = header_with(header_, hit(0, tile.first_roll + i));
        state_pointers[i] = &states[i];
        blocks[i] = headers[i].data();
    }
    for (std::size_t i = 0; i < states.size(); i += backend.streams_max) {
        const std::size_t count = std::min(backend.streams_max, states.size() - i);
        backend.compress(&state_pointers[i], &blocks[i], count, 1);
    }
    return states;
}

Sha256State HeaderWords::hash(std::uint32_t nonce, std::uint32_t roll) const noexcept {
    const HeaderBytes bytes = header_with(header_, hit(nonce, roll));
    const Sha256Digest twice = crypto::sha256d(bytes);
    Sha256State state;
    for (std::size_t i = 0; i < 8; ++i) state.words[i] = be32(twice.bytes.data() + 4 * i);
    return state;
}

bool HeaderWords::meets_target(std::uint32_t nonce, std::uint32_t roll) const noexcept {
    return compute::meets_target(hash(nonce, roll), target_);
}

bool HeaderWords::first_word_meets_target(std::uint32_t nonce, std::uint32_t roll) const noexcept {
    return __builtin_bswap32(hash(nonce, roll).words[7]) <= target_[0];
}

}  // namespace assay::compute
