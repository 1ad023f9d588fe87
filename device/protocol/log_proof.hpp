// Checks a C2SP tlog-proof on a device: that a log which enough members have cosigned holds an entry.
// For microcontrollers: less than 4 KiB of stack, no allocation, no exceptions, no library but the
// standard headers; signatures are checked by a function of the caller's (its crypto block, say).
// The same judgement as parse_entry_proof and verify_checkpoint of ledger/core, which `assay verify`
// uses; a test compares the two. Pure; thread-safe.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "device/protocol/small_sha256.hpp"

namespace assay::protocol {

inline constexpr std::size_t kCosignersMax = 64;

struct Cosigner {
    std::string_view name;
    Digest32 key;  // Ed25519
};

// Whom the device believes; must stay valid during the check.
struct LogTrust {
    std::string_view origin;
    std::span<const Digest32> logs;  // Ed25519 keys under that origin
    std::span<const Cosigner> cosigners;  // at most 64, in different slots
    std::size_t quorum = 0;
};

// Whether `signature` is a strict Ed25519 signature by `key`.
struct SignatureCheck {
    bool (*verify)(void* context,
                   std::span<const std::uint8_t, 32> key,
                   std::span<const std::uint8_t> message,
                   std::span<const std::uint8_t, 64> signature) = nullptr;
    void* context = nullptr;
};

enum class LogProofVerdict : std::uint8_t {
    kValid,
    kMalformed,       // not a tlog-proof, or beyond its limits
    kOriginMismatch,  // a checkpoint of another log
    kQuorumNotMet,    // no log signature, or too few cosignatures
    kNotIncluded,     // the path does not lead from the entry to the root
};

struct LogProofResult {
    LogProofVerdict verdict = LogProofVerdict::kMalformed;
    // As far as valid: to be remembered, so that the log never goes back.
    std::uint64_t index = 0;
    std::uint64_t size = 0;
    Digest32 root{};
    std::uint64_t time = 0;  // the least of the newest cosignatures that make the quorum
};

// `leaf` is the leaf hash of the entry. `proof` may hold extra data, which is skipped.
[[nodiscard]] LogProofResult check_log_proof(std::string_view proof,
                                             const Digest32& leaf,
                                             const LogTrust& trust,
                                             const SignatureCheck& signatures) noexcept;

}  // namespace assay::protocol
