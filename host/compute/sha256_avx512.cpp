// SHA-256 of sixteen messages side by side with AVX-512, in two or three groups at a time. Compiled
// with -mavx512f -mavx512bw (host/compute/CMakeLists.txt) and called only after cpu_features said
// yes. vprord rotates and vpternlogd is any function of three operands, so that a round takes 16
// instructions and a step of the message schedule 11.

#include <immintrin.h>

#include "host/compute/sha256_lanes.hpp"

namespace assay::compute {
namespace {

struct Word {
    static constexpr std::size_t kLanes = 16;

    __m512i v;

    static Word all(std::uint32_t x) noexcept { return {_mm512_set1_epi32(static_cast<int>(x))}; }
    static Word load(const std::uint32_t* in) noexcept { return {_mm512_loadu_si512(in)}; }
    void store(std::uint32_t* out) const noexcept { _mm512_storeu_si512(out, v); }
    template <int n>
    [[nodiscard]] Word rotated() const noexcept {
        return {_mm512_ror_epi32(v, n)};
    }
    template <int n>
    [[nodiscard]] Word shifted() const noexcept {
        return {_mm512_srli_epi32(v, n)};
    }
    [[nodiscard]] Word bytes_swapped() const noexcept {
        const __m512i order =
            _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
        return {_mm512_shuffle_epi8(v, order)};
    }
    [[nodiscard]] std::uint64_t not_above(std::uint32_t x) const noexcept {
        return _mm512_cmple_epu32_mask(v, all(x).v);
    }

    static void load_blocks(const std::byte* const* messages, Word (&w)[16]) noexcept;
};

// The last operand of vpternlogd is the truth table, indexed by the bits of a, b and c.
Word operator+(Word a, Word b) noexcept { return {_mm512_add_epi32(a.v, b.v)}; }
Word xor3(Word a, Word b, Word c) noexcept {
    return {_mm512_ternarylogic_epi32(a.v, b.v, c.v, 0x96)};
}
Word choice(Word e, Word f, Word g) noexcept {
    return {_mm512_ternarylogic_epi32(e.v, f.v, g.v, 0xca)};
}
Word majority(Word a, Word b, Word c) noexcept {
    return {_mm512_ternarylogic_epi32(a.v, b.v, c.v, 0xe8)};
}

// A square of sixteen by sixteen words, in four stages of perfect shuffles.
void Word::load_blocks(const std::byte* const* messages, Word (&w)[16]) noexcept {
    __m512i fours[16];  // fours[4 * q + i]: words i, i + 4, i + 8, i + 12 of lanes 4 q to 4 q + 3
#pragma GCC unroll 4
    for (std::size_t q = 0; q < 4; ++q) {
        const std::byte* const* const in = messages + 4 * q;
        const Word row0 = Word{_mm512_loadu_si512(in[0])}.bytes_swapped();
        const Word row1 = Word{_mm512_loadu_si512(in[1])}.bytes_swapped();
        const Word row2 = Word{_mm512_loadu_si512(in[2])}.bytes_swapped();
        const Word row3 = Word{_mm512_loadu_si512(in[3])}.bytes_swapped();
        const __m512i low01 = _mm512_unpacklo_epi32(row0.v, row1.v);
        const __m512i high01 = _mm512_unpackhi_epi32(row0.v, row1.v);
        const __m512i low23 = _mm512_unpacklo_epi32(row2.v, row3.v);
        const __m512i high23 = _mm512_unpackhi_epi32(row2.v, row3.v);
        fours[4 * q] = _mm512_unpacklo_epi64(low01, low23);
        fours[4 * q + 1] = _mm512_unpackhi_epi64(low01, low23);
        fours[4 * q + 2] = _mm512_unpacklo_epi64(high01, high23);
        fours[4 * q + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
        const __m512i low01 = _mm512_shuffle_i32x4(fours[i], fours[4 + i], 0x44);
        const __m512i low23 = _mm512_shuffle_i32x4(fours[8 + i], fours[12 + i], 0x44);
        const __m512i high01 = _mm512_shuffle_i32x4(fours[i], fours[4 + i], 0xee);
        const __m512i high23 = _mm512_shuffle_i32x4(fours[8 + i], fours[12 + i], 0xee);
        w[i].v = _mm512_shuffle_i32x4(low01, low23, 0x88);
        w[4 + i].v = _mm512_shuffle_i32x4(low01, low23, 0xdd);
        w[8 + i].v = _mm512_shuffle_i32x4(high01, high23, 0x88);
        w[12 + i].v = _mm512_shuffle_i32x4(high01, high23, 0xdd);
    }
}

void compress(Sha256State* const* states,
              const std::byte* const* messages,
              std::size_t stream_count,
              std::size_t block_count) noexcept {
    if (stream_count <= Word::kLanes) {
        return compress_lanes<Word, 1>(states, messages, stream_count, block_count);
    }
    compress_lanes<Word, 2>(states, messages, stream_count, block_count);
}

using Band = LaneBand<Word, 3>;

}  // namespace

const Sha256Backend kAvx512Backend = {"avx512",
                                      "AVX-512, two or three times sixteen messages side by side",
                                      2 * Word::kLanes,
                                      Word::kLanes,
                                      10,
                                      nullptr,
                                      22 * 64 * Band::kNonces,
                                      compress,
                                      search_bands<Band>};

}  // namespace assay::compute
