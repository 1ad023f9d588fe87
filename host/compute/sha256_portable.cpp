// SHA-256 in plain C++: runs everywhere, and decides what the others take for a hit.

#include <algorithm>
#include <bit>

#include "host/compute/sha256_backend.hpp"

namespace assay::compute {

alignas(64) const std::uint32_t kSha256RoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

const Sha256State kSha256Initial = {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                     0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};

namespace {

std::uint32_t load_be32(const std::byte* in) noexcept {
    return (std::to_integer<std::uint32_t>(in[0]) << 24) |
           (std::to_integer<std::uint32_t>(in[1]) << 16) |
           (std::to_integer<std::uint32_t>(in[2]) << 8) | std::to_integer<std::uint32_t>(in[3]);
}

std::uint32_t swap_bytes(std::uint32_t x) noexcept {
    return (std::rotl(x, 8) & 0x00ff00ff) | (std::rotl(x, 24) & 0xff00ff00);
}

// `w` holds the block and is used up.
void compress_words(Sha256State& state, std::uint32_t (&w)[16]) noexcept {
    auto [a, b, c, d, e, f, g, h] = state.words;
    for (std::size_t i = 0; i < 64; ++i) {
        if (i >= 16) {
            const std::uint32_t w1 = w[(i + 1) & 15];
            const std::uint32_t w14 = w[(i + 14) & 15];
            const std::uint32_t s0 = std::rotr(w1, 7) ^ std::rotr(w1, 18) ^ (w1 >> 3);
            const std::uint32_t s1 = std::rotr(w14, 17) ^ std::rotr(w14, 19) ^ (w14 >> 10);
            w[i & 15] += s0 + w[(i + 9) & 15] + s1;
        }
        const std::uint32_t big_s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const std::uint32_t choice = g ^ (e & (f ^ g));
        const std::uint32_t t1 = h + big_s1 + choice + kSha256RoundConstants[i] + w[i & 15];
        const std::uint32_t big_s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const std::uint32_t majority = (a & b) | (c & (a | b));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + big_s0 + majority;
    }
    const std::uint32_t add[8] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state.words[i] += add[i];
}

void compress(Sha256State* const* states,
              const std::byte* const* messages,
              std::size_t,
              std::size_t block_count) noexcept {
    const std::byte* in = messages[0];
    for (std::size_t block = 0; block < block_count; ++block, in += kSha256BlockBytes) {
        std::uint32_t w[16];
        for (std::size_t i = 0; i < 16; ++i) w[i] = load_be32(in + 4 * i);
        compress_words(*states[0], w);
    }
}

TileResult search(const NonceTile& tile) noexcept {
    std::uint64_t tried = 0;
    for (std::uint64_t i = 0; i < tile.nonce_count; ++i) {
        const auto nonce = static_cast<std::uint32_t>(tile.first_nonce + i);
        for (std::size_t m = 0; m < tile.midstate_count; ++m) {
            ++tried;
            if (is_hit(tile, tile.midstates[m], nonce)) return {true, nonce, m, tried};
        }
    }
    return {false, 0, 0, tried};
}

}  // namespace

const Sha256Backend kPortableBackend = {
    "portable", "plain C++, one message at a time", 1, 1, 1, nullptr, 1 << 11, compress, search};

bool is_hit(const NonceTile& tile, const Sha256State& midstate, std::uint32_t nonce) noexcept {
    std::uint32_t w[16] = {tile.tail[0], tile.tail[1], tile.tail[2], swap_bytes(nonce), 0x80000000};
    w[15] = 80 * 8;
    Sha256State first = midstate;
    compress_words(first, w);

    std::uint32_t v[16] = {};
    std::copy_n(first.words, 8, v);
    v[8] = 0x80000000;
    v[15] = 32 * 8;
    Sha256State second = kSha256Initial;
    compress_words(second, v);
    return meets_target(second, tile.target);
}

bool meets_target(const Sha256State& state, const std::uint32_t (&target)[8]) noexcept {
    for (std::size_t i = 0; i < 8; ++i) {
        const std::uint32_t word = swap_bytes(state.words[7 - i]);
        if (word != target[i]) return word < target[i];
    }
    return true;
}

Sha256Digest to_digest(const Sha256State& state) noexcept {
    Sha256Digest digest;
    for (std::size_t i = 0; i < 32; ++i) {
        digest.bytes[i] = static_cast<std::byte>((state.words[i / 4] >> (24 - 8 * (i % 4))) & 0xff);
    }
    return digest;
}

}  // namespace assay::compute
