#include "device/protocol/small_sha256.hpp"

#include <bit>

namespace assay::protocol {
namespace {

// The first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kRounds = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLengthAt = 56;

}  // namespace

void SmallSha256::update(std::uint8_t byte) noexcept {
    const std::size_t at = bytes_ % kBlockBytes;
    if (at == 0) block_.fill(0);
    block_[at / 4] |= static_cast<std::uint32_t>(byte) << (24 - 8 * (at % 4));
    ++bytes_;
    if (at + 1 == kBlockBytes) compress();
}

void SmallSha256::update(std::span<const std::uint8_t> bytes) noexcept {
    for (const std::uint8_t byte : bytes) update(byte);
}

Digest32 SmallSha256::finish() noexcept {
    const std::uint64_t bits = bytes_ * 8;
    update(std::uint8_t{0x80});
    while (bytes_ % kBlockBytes != kLengthAt) update(std::uint8_t{0});
    for (int shift = 56; shift >= 0; shift -= 8) update(static_cast<std::uint8_t>(bits >> shift));
    Digest32 digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
}

// The schedule replaces the block word by word: 64 bytes instead of 256.
void SmallSha256::compress() noexcept {
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < kRounds.size(); ++i) {
        std::uint32_t& word = block_[i % 16];
        if (i >= 16) {
            const std::uint32_t w15 = block_[(i + 1) % 16];
            const std::uint32_t w2 = block_[(i + 14) % 16];
            word += (std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3)) + block_[(i + 9) % 16] +
                    (std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10));
        }
        const std::uint32_t t1 = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                 ((e & f) ^ (~e & g)) + kRounds[i] + word;
        const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) +
                                 ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> mixed = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += mixed[i];
}

}  // namespace assay::protocol
