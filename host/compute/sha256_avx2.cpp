// SHA-256 of eight messages side by side with AVX2, for processors without SHA extensions. Compiled
// with -mavx2 (host/compute/CMakeLists.txt) and called only after cpu_features said yes.

#include <immintrin.h>

#include "host/compute/sha256_lanes.hpp"

namespace assay::compute {
namespace {

struct Word {
    static constexpr std::size_t kLanes = 8;

    __m256i v;

    static Word all(std::uint32_t x) noexcept { return {_mm256_set1_epi32(static_cast<int>(x))}; }
    static Word load(const std::uint32_t* in) noexcept {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in))};
    }
    void store(std::uint32_t* out) const noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), v);
    }
    template <int n>
    [[nodiscard]] Word rotated() const noexcept {
        return {_mm256_or_si256(_mm256_srli_epi32(v, n), _mm256_slli_epi32(v, 32 - n))};
    }
    template <int n>
    [[nodiscard]] Word shifted() const noexcept {
        return {_mm256_srli_epi32(v, n)};
    }
    [[nodiscard]] Word bytes_swapped() const noexcept {
        const __m256i order = _mm256_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203,
                                                0x0c0d0e0f08090a0b, 0x0405060700010203);
        return {_mm256_shuffle_epi8(v, order)};
    }
    [[nodiscard]] std::uint64_t not_above(std::uint32_t x) const noexcept {
        const __m256i low = _mm256_cmpeq_epi32(_mm256_min_epu32(v, all(x).v), v);
        return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(low)));
    }

    static void load_blocks(const std::byte* const* messages, Word (&w)[16]) noexcept;
};

Word operator+(Word a, Word b) noexcept { return {_mm256_add_epi32(a.v, b.v)}; }
Word operator^(Word a, Word b) noexcept { return {_mm256_xor_si256(a.v, b.v)}; }
Word operator&(Word a, Word b) noexcept { return {_mm256_and_si256(a.v, b.v)}; }
Word operator|(Word a, Word b) noexcept { return {_mm256_or_si256(a.v, b.v)}; }
Word xor3(Word a, Word b, Word c) noexcept { return a ^ b ^ c; }
Word choice(Word e, Word f, Word g) noexcept { return g ^ (e & (f ^ g)); }
Word majority(Word a, Word b, Word c) noexcept { return (a & b) | (c & (a | b)); }

// Two squares of eight by eight words.
void Word::load_blocks(const std::byte* const* messages, Word (&w)[16]) noexcept {
#pragma GCC unroll 2
    for (std::size_t half = 0; half < 2; ++half) {
        __m256i rows[8];
#pragma GCC unroll 8
        for (std::size_t lane = 0; lane < 8; ++lane) {
            const std::byte* const in = messages[lane] + 32 * half;
            rows[lane] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
        }
        __m256i fours[8];  // four words of four lanes each
#pragma GCC unroll 2
        for (std::size_t q = 0; q < 2; ++q) {
            const __m256i low01 = _mm256_unpacklo_epi32(rows[4 * q], rows[4 * q + 1]);
            const __m256i high01 = _mm256_unpackhi_epi32(rows[4 * q], rows[4 * q + 1]);
            const __m256i low23 = _mm256_unpacklo_epi32(rows[4 * q + 2], rows[4 * q + 3]);
            const __m256i high23 = _mm256_unpackhi_epi32(rows[4 * q + 2], rows[4 * q + 3]);
            fours[4 * q] = _mm256_unpacklo_epi64(low01, low23);
            fours[4 * q + 1] = _mm256_unpackhi_epi64(low01, low23);
            fours[4 * q + 2] = _mm256_unpacklo_epi64(high01, high23);
            fours[4 * q + 3] = _mm256_unpackhi_epi64(high01, high23);
        }
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) {
            const Word low = {_mm256_permute2x128_si256(fours[i], fours[4 + i], 0x20)};
            const Word high = {_mm256_permute2x128_si256(fours[i], fours[4 + i], 0x31)};
            w[8 * half + i] = low.bytes_swapped();
            w[8 * half + 4 + i] = high.bytes_swapped();
        }
    }
}

}  // namespace

const Sha256Backend kAvx2Backend = {"avx2",
                                    "AVX2, eight messages side by side",
                                    Word::kLanes,
                                    Word::kLanes,
                                    1,
                                    nullptr,
                                    1 << 13,
                                    compress_lanes<Word, 1>,
                                    search_bands<LaneBand<Word, 1>>};

}  // namespace assay::compute
