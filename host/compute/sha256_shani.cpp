// SHA-256 with the x86 SHA extensions. One message is bound by the latency of sha256rnds2 (4
// clocks, one every 2), so up to four independent messages or nonces are interleaved. Compiled with
// -msha -msse4.1 (host/compute/CMakeLists.txt) and called only after cpu_features said yes.
//
// The instructions want the state as two vectors, ABEF and CDGH, highest word first.

#include <immintrin.h>

#include "host/compute/sha256_backend.hpp"

namespace assay::compute {
namespace {

constexpr std::size_t kStreamsMax = 4;

template <std::size_t N>
struct States {
    __m128i abef[N];
    __m128i cdgh[N];
};

const __m128i* as_vector(const void* p) noexcept { return static_cast<const __m128i*>(p); }
__m128i* as_vector(void* p) noexcept { return static_cast<__m128i*>(p); }

void load_state(const Sha256State& state, __m128i& abef, __m128i& cdgh) noexcept {
    const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(as_vector(state.words)), 0xb1);
    const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(as_vector(state.words + 4)), 0x1b);
    abef = _mm_alignr_epi8(badc, hgfe, 8);
    cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

// The state as words in their natural order: also the form of a message block's first half.
void unpack_state(__m128i abef, __m128i cdgh, __m128i& abcd, __m128i& efgh) noexcept {
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    abcd = _mm_blend_epi16(feba, dchg, 0xf0);
    efgh = _mm_alignr_epi8(dchg, feba, 8);
}

void store_state(__m128i abef, __m128i cdgh, Sha256State& state) noexcept {
    __m128i abcd;
    __m128i efgh;
    unpack_state(abef, cdgh, abcd, efgh);
    _mm_storeu_si128(as_vector(state.words), abcd);
    _mm_storeu_si128(as_vector(state.words + 4), efgh);
}

// One block of each of N messages, w[n][0..3] holding its sixteen words.
template <std::size_t N>
[[gnu::always_inline]] inline void rounds(States<N>& states, __m128i (&w)[N][4]) noexcept {
    const States<N> before = states;
#pragma GCC unroll 16
    for (std::size_t r = 0; r < 16; ++r) {
        const __m128i k = _mm_loadu_si128(as_vector(kSha256RoundConstants + 4 * r));
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            if (r >= 4) {
                const __m128i last = w[n][(r + 3) % 4];
                const __m128i w7 = _mm_alignr_epi8(last, w[n][(r + 2) % 4], 4);
                const __m128i sum =
                    _mm_add_epi32(_mm_sha256msg1_epu32(w[n][r % 4], w[n][(r + 1) % 4]), w7);
                w[n][r % 4] = _mm_sha256msg2_epu32(sum, last);
            }
            const __m128i wk = _mm_add_epi32(w[n][r % 4], k);
            states.cdgh[n] = _mm_sha256rnds2_epu32(states.cdgh[n], states.abef[n], wk);
            states.abef[n] =
                _mm_sha256rnds2_epu32(states.abef[n], states.cdgh[n], _mm_shuffle_epi32(wk, 0x0e));
        }
    }
#pragma GCC unroll 4
    for (std::size_t n = 0; n < N; ++n) {
        states.abef[n] = _mm_add_epi32(states.abef[n], before.abef[n]);
        states.cdgh[n] = _mm_add_epi32(states.cdgh[n], before.cdgh[n]);
    }
}

template <std::size_t N>
void compress_streams(Sha256State* const* out,
                      const std::byte* const* messages,
                      std::size_t block_count) noexcept {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    States<N> states;
    for (std::size_t n = 0; n < N; ++n) load_state(*out[n], states.abef[n], states.cdgh[n]);
    for (std::size_t block = 0; block < block_count; ++block) {
        __m128i w[N][4];
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            const std::byte* in = messages[n] + block * kSha256BlockBytes;
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i) {
                w[n][i] = _mm_shuffle_epi8(_mm_loadu_si128(as_vector(in + 16 * i)), big_endian);
            }
        }
        rounds(states, w);
    }
    for (std::size_t n = 0; n < N; ++n) store_state(states.abef[n], states.cdgh[n], *out[n]);
}

void compress(Sha256State* const* states,
              const std::byte* const* messages,
              std::size_t stream_count,
              std::size_t block_count) noexcept {
    switch (stream_count) {
        case 4:
            return compress_streams<4>(states, messages, block_count);
        case 3:
            return compress_streams<3>(states, messages, block_count);
        case 2:
            return compress_streams<2>(states, messages, block_count);
        default:
            return compress_streams<1>(states, messages, block_count);
    }
}

// SHA-256d of N headers that differ in the nonce, `nonce` and those after it.
template <std::size_t N>
[[gnu::always_inline]] inline States<N> hash_headers(const Sha256State& midstate,
                                                     const std::uint32_t (&tail)[3],
                                                     std::uint32_t nonce) noexcept {
    const auto word = [](std::uint32_t x) { return static_cast<int>(x); };
    States<N> states;
    __m128i w[N][4];
    load_state(midstate, states.abef[0], states.cdgh[0]);
#pragma GCC unroll 4
    for (std::size_t n = 0; n < N; ++n) {
        states.abef[n] = states.abef[0];
        states.cdgh[n] = states.cdgh[0];
        const std::uint32_t swapped = __builtin_bswap32(nonce + static_cast<std::uint32_t>(n));
        w[n][0] = _mm_set_epi32(word(swapped), word(tail[2]), word(tail[1]), word(tail[0]));
        w[n][1] = _mm_set_epi32(0, 0, 0, word(0x80000000));
        w[n][2] = _mm_setzero_si128();
        w[n][3] = _mm_set_epi32(80 * 8, 0, 0, 0);
    }
    rounds(states, w);

    __m128i abef;
    __m128i cdgh;
    load_state(kSha256Initial, abef, cdgh);
#pragma GCC unroll 4
    for (std::size_t n = 0; n < N; ++n) {
        unpack_state(states.abef[n], states.cdgh[n], w[n][0], w[n][1]);
        w[n][2] = _mm_set_epi32(0, 0, 0, word(0x80000000));
        w[n][3] = _mm_set_epi32(32 * 8, 0, 0, 0);
        states.abef[n] = abef;
        states.cdgh[n] = cdgh;
    }
    rounds(states, w);
    return states;
}

// Groups of four nonces; within a group every version, keeping the lowest nonce.
TileResult search(const NonceTile& tile) noexcept {
    std::uint64_t tried = 0;
    TileResult best = {false, 0, 0, 0};
    for (std::uint64_t first = 0; first < tile.nonce_count; first += kStreamsMax) {
        const auto nonce = static_cast<std::uint32_t>(tile.first_nonce + first);
        const std::uint64_t left = tile.nonce_count - first;
        std::size_t lanes = left < kStreamsMax ? left : kStreamsMax;
        for (std::size_t m = 0; m < tile.midstate_count && lanes > 0; ++m) {
            const States<kStreamsMax> states =
                hash_headers<kStreamsMax>(tile.midstates[m], tile.tail, nonce);
            tried += lanes;
            for (std::size_t n = 0; n < lanes; ++n) {
                const auto h = static_cast<std::uint32_t>(_mm_cvtsi128_si32(states.cdgh[n]));
                if (__builtin_bswap32(h) > tile.target[0]) continue;
                Sha256State digest;
                store_state(states.abef[n], states.cdgh[n], digest);
                if (!meets_target(digest, tile.target)) continue;
                best = {true, nonce + static_cast<std::uint32_t>(n), m, 0};
                lanes = n;  // only a lower nonce can still win; the same one has a lower version
            }
        }
        if (best.found) break;
    }
    best.hashes_tried = tried;
    return best;
}

}  // namespace

const Sha256Backend* shani_backend(const CpuFeatures& features) noexcept {
    static constexpr Sha256Backend kBackend = {
        "shani", "x86 SHA extensions, four messages interleaved", kStreamsMax, compress, search};
    return features.sha_ni ? &kBackend : nullptr;
}

}  // namespace assay::compute
