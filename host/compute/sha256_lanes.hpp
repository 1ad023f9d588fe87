// SHA-256 with one message in each lane of a vector register, over a word type that an instruction
// set supplies: AVX2 and AVX-512 here, plain loops in
// tests/unit/host/compute/sha256_lanes_test.cpp.
//
// `Groups` vectors are worked on side by side, since one alone is bound by the latency of its chain
// of rounds. The loops are rolled on purpose, eight rounds or sixteen steps to a body: unrolled in
// full, three groups no longer fit the cache of decoded instructions, which costs a third.
//
// Internal to the sha256_*.cpp files, like sha256_search.hpp and for the same reason without
// anything of the standard library that is code. A Word has
//   kLanes, Mask                 lanes; an integer with a bit for each
//   Word::all(x)                 x in every lane
//   Word::load(p), store(p)      kLanes words in memory
//   a + b, a ^ b
//   rotated<n>(), shifted<n>()   right
//   xor3(a, b, c), choice(e, f, g), majority(a, b, c)
//   bytes_swapped(), not_above(x)  the latter a mask of the lanes <= x, unsigned
//   load_blocks(messages, w)     a block of each lane's message, its words in host order,
//   transposed

#pragma once

#include <cstddef>
#include <cstdint>

#include "host/compute/sha256_backend.hpp"
#include "host/compute/sha256_search.hpp"

#define ASSAY_INLINE [[gnu::always_inline]] inline

namespace assay::compute {
namespace {

constexpr std::uint32_t kPadBit = 0x80000000;

template <typename Word>
ASSAY_INLINE Word big_sigma0(Word x) noexcept {
    return xor3(x.template rotated<2>(), x.template rotated<13>(), x.template rotated<22>());
}
template <typename Word>
ASSAY_INLINE Word big_sigma1(Word x) noexcept {
    return xor3(x.template rotated<6>(), x.template rotated<11>(), x.template rotated<25>());
}
template <typename Word>
ASSAY_INLINE Word small_sigma0(Word x) noexcept {
    return xor3(x.template rotated<7>(), x.template rotated<18>(), x.template shifted<3>());
}
template <typename Word>
ASSAY_INLINE Word small_sigma1(Word x) noexcept {
    return xor3(x.template rotated<17>(), x.template rotated<19>(), x.template shifted<10>());
}

// A loop counter of which the compiler knows nothing, so that it keeps the loop rolled.
template <typename T>
ASSAY_INLINE T opaque(T counter) noexcept {
    asm("" : "+r"(counter));
    return counter;
}

template <typename Word, std::size_t Groups>
struct Lanes {
    // A state; which element is A, and so on, moves on by one with each round: after eight rounds
    // it is as before.
    Word s[Groups][8];

    ASSAY_INLINE void set(const Sha256State& state) noexcept {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) {
            const Word word = Word::all(state.words[i]);
#pragma GCC unroll 3
            for (std::size_t g = 0; g < Groups; ++g) s[g][i] = word;
        }
    }

    // Round `i` modulo 8 of group `g`; `wk` is the message word plus the round constant.
    ASSAY_INLINE void round(std::size_t g, std::size_t i, Word wk) noexcept {
        Word(&v)[8] = s[g];
        const Word a = v[(0 - i) & 7];
        const Word b = v[(1 - i) & 7];
        const Word c = v[(2 - i) & 7];
        Word& d = v[(3 - i) & 7];
        const Word e = v[(4 - i) & 7];
        const Word f = v[(5 - i) & 7];
        Word& h = v[(7 - i) & 7];
        const Word t = ((h + wk) + choice(e, f, v[(6 - i) & 7])) + big_sigma1(e);
        d = d + t;
        h = (t + majority(a, b, c)) + big_sigma0(a);
    }

    // The next `count` <= 8 rounds, with words that have the constants in them: those of group g
    // are at wk + g * stride. To be called for eight rounds at a time, or last.
    ASSAY_INLINE void rounds(const Word* wk, std::size_t stride, std::size_t count = 8) noexcept {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < count; ++i) {
#pragma GCC unroll 3
            for (std::size_t g = 0; g < Groups; ++g) round(g, i, wk[g * stride + i]);
        }
    }

    // Sixteen steps of the schedule `w`, in place, and their rounds; only the first `count` of them
    // if this is the last call.
    ASSAY_INLINE void expand_and_round(Word (&w)[Groups][16],
                                       std::size_t first,
                                       std::size_t count,
                                       bool last) noexcept {
#pragma GCC unroll 16
        for (std::size_t i = 0; i < 16; ++i) {
            if (i == count && last) return;
#pragma GCC unroll 3
            for (std::size_t g = 0; g < Groups; ++g) {
                const Word next =
                    (w[g][i] + w[g][(i + 9) & 15]) +
                    (small_sigma0(w[g][(i + 1) & 15]) + small_sigma1(w[g][(i + 14) & 15]));
                w[g][i] = next;
                round(g, i, next + Word::all(kSha256RoundConstants[first + i]));
            }
        }
    }
};

// Blocks of Groups * kLanes messages; the lanes beyond `count` work on a copy of the first message.
template <typename Word, std::size_t Groups>
void compress_lanes(Sha256State* const* states,
                    const std::byte* const* messages,
                    std::size_t count,
                    std::size_t block_count) noexcept {
    constexpr std::size_t kLanes = Groups * Word::kLanes;
    constexpr std::size_t kPrefetchBytes = 512;
    const std::byte* in[kLanes];
    alignas(64) std::uint32_t words[8][kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t from = lane < count ? lane : 0;
        in[lane] = messages[from];
        for (std::size_t i = 0; i < 8; ++i) words[i][lane] = states[from]->words[i];
    }
    Lanes<Word, Groups> state;
    for (std::size_t g = 0; g < Groups; ++g) {
        for (std::size_t i = 0; i < 8; ++i) {
            state.s[g][i] = Word::load(&words[i][g * Word::kLanes]);
        }
    }
    for (std::size_t block = 0; block < block_count; ++block) {
        const Lanes<Word, Groups> before = state;
        Word w[Groups][16];
        for (std::size_t g = 0; g < Groups; ++g) {
            Word::load_blocks(in + g * Word::kLanes, w[g]);
            for (std::size_t lane = 0; lane < Word::kLanes; ++lane) {
                const std::byte*& next = in[g * Word::kLanes + lane];
                __builtin_prefetch(next + kPrefetchBytes);
                next += kSha256BlockBytes;
            }
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < 16; ++i) {
#pragma GCC unroll 3
            for (std::size_t g = 0; g < Groups; ++g) {
                state.round(g, i, w[g][i] + Word::all(kSha256RoundConstants[i]));
            }
        }
        for (std::size_t first = opaque(std::size_t{16}); first < 64; first = opaque(first + 16)) {
            state.expand_and_round(w, first, 16, false);
        }
        for (std::size_t g = 0; g < Groups; ++g) {
            for (std::size_t i = 0; i < 8; ++i) state.s[g][i] = state.s[g][i] + before.s[g][i];
        }
    }
    for (std::size_t g = 0; g < Groups; ++g) {
        for (std::size_t i = 0; i < 8; ++i) state.s[g][i].store(&words[i][g * Word::kLanes]);
    }
    for (std::size_t lane = 0; lane < count; ++lane) {
        for (std::size_t i = 0; i < 8; ++i) states[lane]->words[i] = words[i][lane];
    }
}

// Headers of Groups * kLanes nonces: see search_bands.
template <typename Word, std::size_t Groups>
class LaneBand {
  public:
    static constexpr std::size_t kNonces = Groups * Word::kLanes;

    explicit LaneBand(const NonceTile& tile) noexcept : tile_{tile} {
        for (std::size_t g = 0; g < Groups; ++g) {
            for (std::size_t i = 8; i < 16; ++i) {
                const std::uint32_t word = i == 8 ? kPadBit : i == 15 ? 32 * 8 : 0;
                digest_[g * kDigestWords + i] = Word::all(word + kSha256RoundConstants[i]);
            }
        }
    }

    void start(std::uint32_t nonce) noexcept {
        alignas(64) std::uint32_t nonces[kNonces];
        for (std::size_t n = 0; n < kNonces; ++n) {
            nonces[n] = __builtin_bswap32(nonce + static_cast<std::uint32_t>(n));
        }
        Word w[64];
        for (std::size_t g = 0; g < Groups; ++g) {
            for (std::size_t i = 0; i < 16; ++i) {
                w[i] = Word::all(i < 3 ? tile_.tail[i] : i == 4 ? kPadBit : i == 15 ? 80 * 8 : 0);
            }
            w[3] = Word::load(&nonces[g * Word::kLanes]);
            for (std::size_t i = 16; i < 64; ++i) {
                w[i] = (w[i - 16] + w[i - 7]) + (small_sigma0(w[i - 15]) + small_sigma1(w[i - 2]));
            }
            for (std::size_t i = 3; i < 64; ++i) {
                header_[g * kHeaderWords + i - 3] = w[i] + Word::all(kSha256RoundConstants[i]);
            }
        }
    }

    void candidates(const Sha256State* midstates, std::size_t count, std::uint64_t* out) noexcept {
        for (std::size_t m = 0; m < count; ++m) {
            hash_headers(midstates[m]);
            out[m] = hash_digests();
        }
    }

  private:
    static constexpr std::size_t kHeaderWords = 61;
    static constexpr std::size_t kDigestWords = 32;

    // The state before the first round with a word that differs from nonce to nonce, the fourth.
    [[nodiscard]] Sha256State common_rounds(const Sha256State& midstate) const noexcept {
        const auto rotated = [](std::uint32_t x, int n) { return (x >> n) | (x << (32 - n)); };
        Sha256State v = midstate;
        for (std::size_t i = 0; i < 3; ++i) {
            auto& [a, b, c, d, e, f, g, h] = v.words;
            const std::uint32_t s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
            const std::uint32_t s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
            const std::uint32_t t1 =
                h + s1 + (g ^ (e & (f ^ g))) + kSha256RoundConstants[i] + tile_.tail[i];
            const std::uint32_t t2 = s0 + ((a & b) | (c & (a | b)));
            v = {{t1 + t2, a, b, c, d + t1, e, f, g}};
        }
        return v;
    }

    // The first hash, as the first eight words of the second's message.
    ASSAY_INLINE void hash_headers(const Sha256State& midstate) noexcept {
        Lanes<Word, Groups> state;
        state.set(common_rounds(midstate));
        const Word* wk = header_;
        for (const Word* const end = wk + 56; wk < end; wk = opaque(wk + 8)) {
            state.rounds(wk, kHeaderWords);
        }
        state.rounds(wk, kHeaderWords, 5);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) {
            const Word before = Word::all(midstate.words[i]);
#pragma GCC unroll 3
            for (std::size_t g = 0; g < Groups; ++g) {
                words_[g][i] = state.s[g][(i - 5) & 7] + before;
            }
        }
    }

    // Words 16 to 31 of the second hash. Of its own sixteen, 9 to 14 are zero, and 8 and 15 known.
    ASSAY_INLINE void expand_digests(std::size_t g, Word (&next)[16]) noexcept {
        const Word(&w)[8] = words_[g];
        const Word kLength = Word::all(32 * 8);
        const Word sigma1_length = Word::all(sigma1_of(32 * 8));
        const Word sigma0_length = Word::all(sigma0_of(32 * 8));
        const Word sigma0_pad = Word::all(sigma0_of(kPadBit));
        next[0] = w[0] + small_sigma0(w[1]);
        next[1] = (w[1] + sigma1_length) + small_sigma0(w[2]);
#pragma GCC unroll 8
        for (std::size_t i = 2; i < 7; ++i) {
            next[i] = (w[i] + small_sigma0(w[i + 1])) + small_sigma1(next[i - 2]);
        }
        next[6] = next[6] + kLength;
        next[7] = ((w[7] + sigma0_pad) + next[0]) + small_sigma1(next[5]);
        next[8] = (next[1] + Word::all(kPadBit)) + small_sigma1(next[6]);
#pragma GCC unroll 8
        for (std::size_t i = 9; i < 14; ++i) next[i] = next[i - 7] + small_sigma1(next[i - 2]);
        next[14] = (next[7] + sigma0_length) + small_sigma1(next[12]);
        next[15] = ((next[8] + kLength) + small_sigma0(next[0])) + small_sigma1(next[13]);
    }
    static constexpr std::uint32_t sigma0_of(std::uint32_t x) noexcept {
        return ((x >> 7) | (x << 25)) ^ ((x >> 18) | (x << 14)) ^ (x >> 3);
    }
    static constexpr std::uint32_t sigma1_of(std::uint32_t x) noexcept {
        return ((x >> 17) | (x << 15)) ^ ((x >> 19) | (x << 13)) ^ (x >> 10);
    }

    // The second hash as far as its last word, the most significant one to Bitcoin, which needs no
    // more than the E of round 60.
    ASSAY_INLINE std::uint64_t hash_digests() noexcept {
        Word w[Groups][16];
#pragma GCC unroll 3
        for (std::size_t g = 0; g < Groups; ++g) {
            expand_digests(g, w[g]);
#pragma GCC unroll 8
            for (std::size_t i = 0; i < 8; ++i) {
                digest_[g * kDigestWords + i] = words_[g][i] + Word::all(kSha256RoundConstants[i]);
            }
#pragma GCC unroll 16
            for (std::size_t i = 0; i < 16; ++i) {
                digest_[g * kDigestWords + 16 + i] =
                    w[g][i] + Word::all(kSha256RoundConstants[16 + i]);
            }
        }
        Lanes<Word, Groups> state;
        state.set(kSha256Initial);
        const Word* wk = digest_;
        for (const Word* const end = wk + kDigestWords; wk < end; wk = opaque(wk + 8)) {
            state.rounds(wk, kDigestWords);
        }
        for (std::size_t first = opaque(std::size_t{32}); first < 64; first = opaque(first + 16)) {
            state.expand_and_round(w, first, 13, first == 48);
        }
        std::uint64_t mask = 0;
#pragma GCC unroll 3
        for (std::size_t g = 0; g < Groups; ++g) {
            const Word last = state.s[g][7] + Word::all(kSha256Initial.words[7]);
            const std::uint64_t low = last.bytes_swapped().not_above(tile_.target[0]);
            mask |= low << (g * Word::kLanes);
        }
        return mask;
    }

    const NonceTile& tile_;

    // Message words with round constants, those of one group after those of another: of the header
    // from the fourth on, and of the second hash those from the first, whose digests words_ holds.
    Word header_[Groups * kHeaderWords];
    Word digest_[Groups * kDigestWords];
    Word words_[Groups][8];
};

}  // namespace
}  // namespace assay::compute

#undef ASSAY_INLINE
