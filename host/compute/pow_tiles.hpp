// What both engines do around the actual search: check the work, cut it into tiles that keep the
// (nonce, version roll) order, compute midstates, and check a hit. Internal to host/compute.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/compute/sha256_backend.hpp"

namespace assay::compute {

// Refuses ranges that leave the 32-bit nonce or the bits of the version mask.
[[nodiscard]] Result<void> check_work(const PowWork& work);

struct PowTile {
    std::uint32_t first_nonce;
    std::uint32_t nonce_count;
    std::uint32_t first_roll;
    std::uint32_t roll_count;

    [[nodiscard]] std::uint64_t hashes() const noexcept {
        return std::uint64_t{nonce_count} * roll_count;
    }
};

// Pairs of nonce and version roll as numbers whose order is the order of hits.
[[nodiscard]] constexpr std::uint64_t order_key(std::uint32_t nonce, std::uint32_t roll) noexcept {
    return (std::uint64_t{nonce} << 32) | roll;
}
inline constexpr std::uint64_t kNoHitKey = ~std::uint64_t{0};

// Hands out the work in tiles: nonces in ascending blocks, and within a block its version rolls in
// ascending parts. Hence no tile after one whose lowest key is above a hit can hold a lower hit.
class TileCursor {
  public:
    explicit TileCursor(const PowWork& work) noexcept;

    // The next tile of about `hashes` hashes, but at most `rolls_max` versions; none at the end.
    [[nodiscard]] std::optional<PowTile> next(std::uint64_t hashes,
                                              std::uint32_t rolls_max) noexcept;

  private:
    std::uint64_t nonce_;
    std::uint64_t nonce_end_;
    std::uint64_t roll_first_;
    std::uint64_t roll_end_;
    std::uint64_t roll_;
    std::uint32_t block_nonces_ = 0;
};

// The part of the work that does not depend on the tile, as words.
class HeaderWords {
  public:
    explicit HeaderWords(const PowWork& work) noexcept;

    [[nodiscard]] std::vector<Sha256State> midstates(const Sha256Backend& backend,
                                                     const PowTile& tile) const;
    [[nodiscard]] const std::uint32_t (&tail() const noexcept)[3] { return tail_; }
    [[nodiscard]] const std::uint32_t (&target() const noexcept)[8] { return target_; }
    [[nodiscard]] PowHit hit(std::uint32_t nonce, std::uint32_t roll) const noexcept;

    // SHA-256d of the whole header with this nonce and roll, by OpenSSL: no engine's own code.
    [[nodiscard]] bool meets_target(std::uint32_t nonce, std::uint32_t roll) const noexcept;
    // Of that hash, only the most significant 32 bits, compared with those of the target.
    [[nodiscard]] bool first_word_meets_target(std::uint32_t nonce,
                                               std::uint32_t roll) const noexcept;

  private:
    [[nodiscard]] Sha256State hash(std::uint32_t nonce, std::uint32_t roll) const noexcept;

    HeaderBytes header_;
    std::uint32_t version_;
    std::uint32_t mask_;
    std::uint32_t tail_[3];
    std::uint32_t target_[8];
};

}  // namespace assay::compute
