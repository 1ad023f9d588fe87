// SHA-256 with the x86 SHA extensions. Compiled with -msha -msse4.1 (host/compute/CMakeLists.txt)
// and called only after cpu_features said yes.
//
// sha256rnds2 takes four clocks and a core starts one every one (Zen 3) or two (Zen 5, Intel), so
// four independent streams are interleaved. Eight of the sixteen registers then hold states, four
// the newest words of each message schedule, and the older words stay in memory: nothing within the
// chain of rounds is ever spilled.
//
// The instructions want the state as two vectors, ABEF and CDGH, highest word first.

#include <immintrin.h>

#include "host/compute/sha256_backend.hpp"
#include "host/compute/sha256_search.hpp"

namespace assay::compute {
namespace {

constexpr std::size_t kStreamsMax = 4;
constexpr std::size_t kSteps = 16;  // of four rounds each

// The states of N streams, and four words of each in a vector: message words, or with the round
// constants added.
template <std::size_t N>
struct States {
    __m128i abef[N];
    __m128i cdgh[N];
};
template <std::size_t N>
using Words = __m128i[N][kSteps];

const __m128i* as_vector(const void* p) noexcept { return static_cast<const __m128i*>(p); }
__m128i* as_vector(void* p) noexcept { return static_cast<__m128i*>(p); }
int word(std::uint32_t x) noexcept { return static_cast<int>(x); }

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

__m128i round_constants(std::size_t step) noexcept {
    return _mm_load_si128(as_vector(kSha256RoundConstants + 4 * step));
}

// Rounds 4 * step and the three after it. In assembly because g++ 12 keeps other values in XMM0,
// the implied operand, and spills states to make room: half the speed.
[[gnu::always_inline]] inline void four_rounds(__m128i& abef,
                                               __m128i& cdgh,
                                               const __m128i& w,
                                               std::size_t step) noexcept {
    asm("movdqa %[w], %%xmm0\n\t"
        "paddd %[k], %%xmm0\n\t"
        "sha256rnds2 %%xmm0, %[abef], %[cdgh]\n\t"
        "pshufd $0x0e, %%xmm0, %%xmm0\n\t"
        "sha256rnds2 %%xmm0, %[cdgh], %[abef]"
        : [abef] "+x"(abef), [cdgh] "+x"(cdgh)
        : [w] "m"(w), [k] "m"(*as_vector(kSha256RoundConstants + 4 * step))
        : "xmm0");
}

// The same with the round constants in `wk` already.
[[gnu::always_inline]] inline void four_rounds(__m128i& abef,
                                               __m128i& cdgh,
                                               const __m128i& wk) noexcept {
    asm("movdqa %[wk], %%xmm0\n\t"
        "sha256rnds2 %%xmm0, %[abef], %[cdgh]\n\t"
        "movq %H[wk], %%xmm0\n\t"
        "sha256rnds2 %%xmm0, %[cdgh], %[abef]"
        : [abef] "+x"(abef), [cdgh] "+x"(cdgh)
        : [wk] "m"(wk)
        : "xmm0");
}

// Stores where the compiler cannot remember the value and so cannot keep it in a register.
[[gnu::always_inline]] inline void put(__m128i& slot, __m128i value) noexcept {
    slot = value;
    asm("" : "+m"(slot));
}

// kDigest is a padded digest: its words 9 to 14 are zero.
enum class Block { kMessage, kDigest };

// The words of `step` from those of the four steps before, the last of which are in `last` too.
template <Block kBlock>
[[gnu::always_inline]] inline void expand(__m128i (&w)[kSteps],
                                          __m128i& last,
                                          std::size_t step) noexcept {
    constexpr bool kDigest = kBlock == Block::kDigest;
    __m128i sum = w[step - 4];
    if (!kDigest || step != 6) sum = _mm_sha256msg1_epu32(sum, w[step - 3]);
    if (!kDigest || step != 4) sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, w[step - 2], 4));
    last = _mm_sha256msg2_epu32(sum, last);
    put(w[step], last);
}

// The first `steps` steps of a block of each stream, w[n][0..3] holding its sixteen words.
template <Block kBlock, std::size_t N>
[[gnu::always_inline]] inline void rounds(States<N>& states,
                                          Words<N>& w,
                                          std::size_t steps) noexcept {
    __m128i last[N];
#pragma GCC unroll 4
    for (std::size_t n = 0; n < N; ++n) last[n] = w[n][3];
#pragma GCC unroll 16
    for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            four_rounds(states.abef[n], states.cdgh[n], w[n][step], step);
            if (step + 4 < kSteps) expand<kBlock>(w[n], last[n], step + 4);
        }
    }
}

template <std::size_t N>
[[gnu::always_inline]] inline void add(States<N>& states, const States<N>& before) noexcept {
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
        Words<N> w;
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            const std::byte* const in = messages[n] + block * kSha256BlockBytes;
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i) {
                const __m128i words = _mm_loadu_si128(as_vector(in + 16 * i));
                put(w[n][i], _mm_shuffle_epi8(words, big_endian));
            }
        }
        const States<N> before = states;
        rounds<Block::kMessage>(states, w, kSteps);
        add(states, before);
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

template <std::size_t N>
[[gnu::always_inline]] inline void fill(States<N>& states, const Sha256State& with) noexcept {
    load_state(with, states.abef[0], states.cdgh[0]);
#pragma GCC unroll 4
    for (std::size_t n = 1; n < N; ++n) {
        states.abef[n] = states.abef[0];
        states.cdgh[n] = states.cdgh[0];
    }
}

// Headers of four nonces.
class Band {
  public:
    static constexpr std::size_t kNonces = kStreamsMax;

    explicit Band(const NonceTile& tile) noexcept : tile_{tile} {}

    void start(std::uint32_t nonce) noexcept {
        const auto& tail = tile_.tail;
        __m128i last[kNonces];
        for (std::size_t n = 0; n < kNonces; ++n) {
            auto& w = header_[n];
            const std::uint32_t swapped = __builtin_bswap32(nonce + static_cast<std::uint32_t>(n));
            w[0] = _mm_set_epi32(word(swapped), word(tail[2]), word(tail[1]), word(tail[0]));
            w[1] = _mm_set_epi32(0, 0, 0, word(0x80000000));
            w[2] = _mm_setzero_si128();
            w[3] = _mm_set_epi32(80 * 8, 0, 0, 0);
            last[n] = w[3];
        }
#pragma GCC unroll 16
        for (std::size_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 4
            for (std::size_t n = 0; n < kNonces; ++n) {
                auto& w = header_[n];
                if (step + 4 < kSteps) expand<Block::kMessage>(w, last[n], step + 4);
                w[step] = _mm_add_epi32(w[step], round_constants(step));
            }
        }
    }

    void candidates(const Sha256State* midstates, std::size_t count, std::uint64_t* out) noexcept {
        for (std::size_t m = 0; m < count; ++m) {
            Words<kNonces> digests;
            hash_headers(midstates[m], digests);
            out[m] = hash_digests(digests);
        }
    }

  private:
    // The first hash; its digests are the message words of the second.
    [[gnu::always_inline]] void hash_headers(const Sha256State& midstate,
                                             Words<kNonces>& digests) const noexcept {
        States<kNonces> states;
        fill(states, midstate);
        const __m128i abef = states.abef[0];
        const __m128i cdgh = states.cdgh[0];
#pragma GCC unroll 16
        for (std::size_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 4
            for (std::size_t n = 0; n < kNonces; ++n) {
                four_rounds(states.abef[n], states.cdgh[n], header_[n][step]);
            }
        }
#pragma GCC unroll 4
        for (std::size_t n = 0; n < kNonces; ++n) {
            __m128i abcd;
            __m128i efgh;
            unpack_state(_mm_add_epi32(states.abef[n], abef), _mm_add_epi32(states.cdgh[n], cdgh),
                         abcd, efgh);
            put(digests[n][0], abcd);
            put(digests[n][1], efgh);
            put(digests[n][2], _mm_set_epi32(0, 0, 0, word(0x80000000)));
            put(digests[n][3], _mm_set_epi32(32 * 8, 0, 0, 0));
        }
    }

    // The second hash as far as its last word, the most significant one to Bitcoin, which needs no
    // more than the E of round 60.
    [[gnu::always_inline]] std::uint64_t hash_digests(Words<kNonces>& digests) const noexcept {
        States<kNonces> states;
        fill(states, kSha256Initial);
        rounds<Block::kDigest>(states, digests, kSteps - 1);
        std::uint64_t mask = 0;
#pragma GCC unroll 4
        for (std::size_t n = 0; n < kNonces; ++n) {
            const __m128i wk = _mm_add_epi32(digests[n][kSteps - 1], round_constants(kSteps - 1));
            // ABEF after round 61: F is the E of the round before.
            const __m128i abef = _mm_sha256rnds2_epu32(states.cdgh[n], states.abef[n], wk);
            const auto e = static_cast<std::uint32_t>(_mm_cvtsi128_si32(abef));
            const bool low = __builtin_bswap32(e + kSha256Initial.words[7]) <= tile_.target[0];
            mask |= std::uint64_t{low} << n;
        }
        return mask;
    }

    const NonceTile& tile_;
    Words<kNonces> header_;
};

}  // namespace

const Sha256Backend kShaniBackend = {"shani",
                                     "x86 SHA extensions, four messages interleaved",
                                     kStreamsMax,
                                     1,
                                     1,
                                     nullptr,
                                     1 << 15,
                                     compress,
                                     search_bands<Band>};

}  // namespace assay::compute
