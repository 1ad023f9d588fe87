// Proof-of-work search: SHA-256d over Bitcoin's 80-byte block header (version, previous, merkle
// root, time, bits, nonce; all integers little-endian), rolling the nonce and, in the style of
// BIP 320, some bits of the version.
//
// The ledger's block builder hands in work through a Miner. Implementations and thread-safety are
// those of hash_engine.hpp. Every hit an engine reports has been hashed again on the CPU by code
// that did not find it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "host/base/result.hpp"
#include "host/compute/engine_info.hpp"

namespace assay::compute {

inline constexpr std::size_t kHeaderBytes = 80;
using HeaderBytes = std::array<std::byte, kHeaderBytes>;

// The version that roll number `roll` stands for: its bits, lowest first, are put into the bits of
// `mask`, lowest first; the other bits are those of `version`.
[[nodiscard]] std::uint32_t rolled_version(std::uint32_t version,
                                           std::uint32_t mask,
                                           std::uint32_t roll) noexcept;

// Work is every pair of a nonce in [first_nonce, first_nonce + nonce_count) and a version roll in
// [first_version_roll, first_version_roll + version_roll_count). The constructor keeps it from
// being an aggregate: see docs/style.md, "Coroutines".
struct PowWork {
    PowWork() = default;

    HeaderBytes header{};  // its nonce, and its version bits under the mask, are ignored
    std::array<std::byte, 32> target{};  // a hash meets it if hash <= target, both as produced by
                                         // SHA-256d and read as little-endian 256-bit numbers
    std::uint32_t version_mask = 0;      // bits of the version to roll, e.g. 0x1fffe000 (BIP 320)
    std::uint32_t first_nonce = 0;
    std::uint64_t nonce_count = std::uint64_t{1} << 32;
    std::uint32_t first_version_roll = 0;
    std::uint64_t version_roll_count = 1;  // first + count <= 2^(bits in version_mask)
};

struct PowHit {
    PowHit(std::uint32_t hit_version, std::uint32_t hit_nonce) noexcept
        : version{hit_version}, nonce{hit_nonce} {}

    std::uint32_t version;
    std::uint32_t nonce;

    friend bool operator==(const PowHit&, const PowHit&) = default;
};

// `header` with the version and nonce of `hit`: the header that meets the target.
[[nodiscard]] HeaderBytes header_with(const HeaderBytes& header, const PowHit& hit) noexcept;

struct PowResult {
    PowResult() = default;

    std::optional<PowHit> hit;
    std::uint64_t hashes_tried = 0;
};

class PowEngine {
  public:
    PowEngine() = default;
    PowEngine(const PowEngine&) = delete;
    PowEngine& operator=(const PowEngine&) = delete;
    virtual ~PowEngine() = default;

    [[nodiscard]] virtual const EngineInfo& info() const noexcept = 0;

    // The lowest hit in (nonce, version roll) order, the same one on every engine; none if the work
    // has none. Once stop is requested it returns within 50 ms, with what was tried until
    // then and possibly with a hit that is not the lowest. Fails if the work's ranges leave the
    // nonce or the mask, or if the device went away.
    [[nodiscard]] virtual Result<PowResult> search(const PowWork& work, std::stop_token stop) = 0;
};

}  // namespace assay::compute
