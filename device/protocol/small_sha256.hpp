// SHA-256 (FIPS 180-4) for devices without OpenSSL: no allocation, no tables outside of flash, about
// 200 bytes of stack. Used by log_proof.hpp; everything else hashes by host/crypto.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::protocol {

using Digest32 = std::array<std::uint8_t, 32>;

class SmallSha256 {
  public:
    void update(std::span<const std::uint8_t> bytes) noexcept;
    void update(std::uint8_t byte) noexcept;
    // Once.
    [[nodiscard]] Digest32 finish() noexcept;

  private:
    void compress() noexcept;

    std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint32_t, 16> block_{};  // filled big-endian, then used as the schedule
    std::uint64_t bytes_ = 0;
};

}  // namespace assay::protocol
