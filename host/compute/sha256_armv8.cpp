// SHA-256 with the SHA-2 instructions of ARMv8. Compiled with -march=armv8-a+crypto
// (host/compute/CMakeLists.txt) and called only after cpu_features said yes.
//
// sha256h and sha256h2 do four rounds; their latency is a few times what they cost, so four
// independent streams are interleaved, which the 32 registers hold without spills.

#include <arm_neon.h>

#include "host/compute/sha256_backend.hpp"
#include "host/compute/sha256_search.hpp"

namespace assay::compute {
namespace {

constexpr std::size_t kStreamsMax = 4;
constexpr std::size_t kSteps = 16;  // of four rounds each

template <std::size_t N>
struct States {
    uint32x4_t abcd[N];
    uint32x4_t efgh[N];

    [[gnu::always_inline]] void fill(const Sha256State& with) noexcept {
        for (std::size_t n = 0; n < N; ++n) {
            abcd[n] = vld1q_u32(with.words);
            efgh[n] = vld1q_u32(with.words + 4);
        }
    }

    // Four rounds of stream `n`; `wk` are its words plus the round constants.
    [[gnu::always_inline]] void four_rounds(std::size_t n, uint32x4_t wk) noexcept {
        const uint32x4_t before = abcd[n];
        abcd[n] = vsha256hq_u32(before, efgh[n], wk);
        efgh[n] = vsha256h2q_u32(efgh[n], before, wk);
    }

    [[gnu::always_inline]] void add(const States& other) noexcept {
        for (std::size_t n = 0; n < N; ++n) {
            abcd[n] = vaddq_u32(abcd[n], other.abcd[n]);
            efgh[n] = vaddq_u32(efgh[n], other.efgh[n]);
        }
    }
};

uint32x4_t round_constants(std::size_t step) noexcept {
    return vld1q_u32(kSha256RoundConstants + 4 * step);
}

// The words of `step`, in place of those of four steps before.
[[gnu::always_inline]] inline void expand(uint32x4_t (&w)[4], std::size_t step) noexcept {
    const uint32x4_t sum = vsha256su0q_u32(w[step % 4], w[(step + 1) % 4]);
    w[step % 4] = vsha256su1q_u32(sum, w[(step + 2) % 4], w[(step + 3) % 4]);
}

// One block of each of N messages, w[n] holding its sixteen words.
template <std::size_t N>
[[gnu::always_inline]] inline void rounds(States<N>& states, uint32x4_t (&w)[N][4]) noexcept {
#pragma GCC unroll 16
    for (std::size_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            if (step >= 4) expand(w[n], step);
            states.four_rounds(n, vaddq_u32(w[n][step % 4], round_constants(step)));
        }
    }
}

template <std::size_t N>
void compress_streams(Sha256State* const* out,
                      const std::byte* const* messages,
                      std::size_t block_count) noexcept {
    States<N> states;
    for (std::size_t n = 0; n < N; ++n) {
        states.abcd[n] = vld1q_u32(out[n]->words);
        states.efgh[n] = vld1q_u32(out[n]->words + 4);
    }
    for (std::size_t block = 0; block < block_count; ++block) {
        const States<N> before = states;
        uint32x4_t w[N][4];
#pragma GCC unroll 4
        for (std::size_t n = 0; n < N; ++n) {
            const auto* const in = reinterpret_cast<const std::uint8_t*>(messages[n]);
#pragma GCC unroll 4
            for (std::size_t i = 0; i < 4; ++i) {
                const uint8x16_t bytes = vld1q_u8(in + block * kSha256BlockBytes + 16 * i);
                w[n][i] = vreinterpretq_u32_u8(vrev32q_u8(bytes));
            }
        }
        rounds(states, w);
        states.add(before);
    }
    for (std::size_t n = 0; n < N; ++n) {
        vst1q_u32(out[n]->words, states.abcd[n]);
        vst1q_u32(out[n]->words + 4, states.efgh[n]);
    }
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

// Headers of four nonces: see search_bands.
class Band {
  public:
    static constexpr std::size_t kNonces = kStreamsMax;

    explicit Band(const NonceTile& tile) noexcept : tile_{tile} {}

    void start(std::uint32_t nonce) noexcept {
        for (std::size_t n = 0; n < kNonces; ++n) {
            const std::uint32_t swapped = __builtin_bswap32(nonce + static_cast<std::uint32_t>(n));
            const std::uint32_t words[16] = {tile_.tail[0],
                                             tile_.tail[1],
                                             tile_.tail[2],
                                             swapped,
                                             0x80000000,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             0,
                                             80 * 8};
            uint32x4_t w[4];
            for (std::size_t i = 0; i < 4; ++i) w[i] = vld1q_u32(words + 4 * i);
            for (std::size_t step = 0; step < kSteps; ++step) {
                if (step >= 4) expand(w, step);
                header_[n][step] = vaddq_u32(w[step % 4], round_constants(step));
            }
        }
    }

    void candidates(const Sha256State* midstates, std::size_t count, std::uint64_t* out) noexcept {
        for (std::size_t m = 0; m < count; ++m) out[m] = hash(midstates[m]);
    }

  private:
    [[gnu::always_inline]] std::uint64_t hash(const Sha256State& midstate) const noexcept {
        States<kNonces> states;
        states.fill(midstate);
        const States<kNonces> before = states;
#pragma GCC unroll 16
        for (std::size_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 4
            for (std::size_t n = 0; n < kNonces; ++n) states.four_rounds(n, header_[n][step]);
        }
        states.add(before);

        uint32x4_t w[kNonces][4];
        for (std::size_t n = 0; n < kNonces; ++n) {
            w[n][0] = states.abcd[n];
            w[n][1] = states.efgh[n];
            w[n][2] = vsetq_lane_u32(0x80000000, vdupq_n_u32(0), 0);
            w[n][3] = vsetq_lane_u32(32 * 8, vdupq_n_u32(0), 3);
        }
        states.fill(kSha256Initial);
        rounds(states, w);
        std::uint64_t mask = 0;
        for (std::size_t n = 0; n < kNonces; ++n) {
            const std::uint32_t h = vgetq_lane_u32(states.efgh[n], 3) + kSha256Initial.words[7];
            mask |= std::uint64_t{__builtin_bswap32(h) <= tile_.target[0]} << n;
        }
        return mask;
    }

    const NonceTile& tile_;
    uint32x4_t header_[kNonces][kSteps];  // message words with round constants
};

}  // namespace

const Sha256Backend kArmv8Backend = {"armv8",
                                     "ARMv8 SHA-2 instructions, four messages interleaved",
                                     kStreamsMax,
                                     1,
                                     1,
                                     nullptr,
                                     1 << 14,
                                     compress,
                                     search_bands<Band>};

}  // namespace assay::compute
