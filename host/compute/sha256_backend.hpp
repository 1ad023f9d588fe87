// SHA-256 (FIPS 180-4) at the level of compressions: one table of functions for each instruction
// set, chosen at run time by cpu_features. Used by the CPU engine, and by the OpenCL engine for
// midstates. Everything here is thread-safe.
//
// The functions of an instruction set live in a file of their own, compiled with its flags, and use
// nothing but what this header declares: an inline function of the standard library compiled there
// could replace its portable copy at link time and then fail on an older processor. For the same
// reason their tables are data, so that none of their code runs before cpu_features said yes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "host/base/bytes.hpp"
#include "host/compute/cpu_features.hpp"

namespace assay::compute {

inline constexpr std::size_t kSha256BlockBytes = 64;

struct Sha256State {
    std::uint32_t words[8];
};

alignas(64) extern const std::uint32_t kSha256RoundConstants[64];
extern const Sha256State kSha256Initial;

// A rectangle of proof-of-work candidates: nonces x versions. A midstate is the state after the
// first 64 bytes of the header, of which there is one for each version. The message schedule of the
// rest does not depend on the version, so a tile of many versions costs less for each hash.
struct NonceTile {
    const Sha256State* midstates;
    std::size_t midstate_count;
    std::uint32_t tail[3];    // header bytes 64..75 as big-endian words
    std::uint32_t target[8];  // most significant word first
    std::uint32_t first_nonce;
    std::uint64_t nonce_count;
};

struct TileResult {
    bool found;
    std::uint32_t nonce;         // of the lowest hit in (nonce, midstate) order
    std::size_t midstate_index;  // of the same
    std::uint64_t hashes_tried;
};

struct Sha256Backend {
    const char* name;         // "shani"
    const char* description;  // for people

    std::size_t streams_max;   // so many independent messages keep the core busy
    std::size_t streams_step;  // lanes: so many cost as much as one
    std::size_t streams_min;  // with less than this many, `fewer` (null if there is none) is faster
    const Sha256Backend* fewer;

    std::uint32_t tile_hashes;  // hashes of a search that take about a millisecond

    // Compresses `block_count` consecutive blocks of each of 1 <= stream_count <= streams_max
    // messages into their states.
    void (*compress)(Sha256State* const* states,
                     const std::byte* const* messages,
                     std::size_t stream_count,
                     std::size_t block_count) noexcept;

    TileResult (*search)(const NonceTile& tile) noexcept;
};

// The tables of single instruction sets. Only usable_backends knows which may be used here.
extern const Sha256Backend kPortableBackend;
extern const Sha256Backend kShaniBackend;   // x86-64 only
extern const Sha256Backend kAvx2Backend;    // x86-64 only
extern const Sha256Backend kAvx512Backend;  // x86-64 only
extern const Sha256Backend kArmv8Backend;   // AArch64 only

[[nodiscard]] const Sha256Backend& portable_backend() noexcept;
// Those this machine can run, fastest first; the portable one is always the last.
[[nodiscard]] std::span<const Sha256Backend* const> usable_backends() noexcept;

// SHA-256(messages[i]) to digests[i], several messages at a time.
void hash_messages(const Sha256Backend& backend,
                   std::span<const ByteView> messages,
                   std::span<Sha256Digest> digests) noexcept;

[[nodiscard]] Sha256Digest to_digest(const Sha256State& state) noexcept;

// SHA-256d of the header of this midstate and nonce against the tile's target, by portable code:
// the full check of what a backend that computes the last word alone takes for a hit.
[[nodiscard]] bool is_hit(const NonceTile& tile,
                          const Sha256State& midstate,
                          std::uint32_t nonce) noexcept;

// The state read as the little-endian 256-bit number that Bitcoin compares with a target.
[[nodiscard]] bool meets_target(const Sha256State& state,
                                const std::uint32_t (&target)[8]) noexcept;

}  // namespace assay::compute
