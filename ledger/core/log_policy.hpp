// C2SP tlog-policy (c2sp.org/tlog-policy): which logs and witnesses somebody trusts, and how many
// witnesses a checkpoint needs. Written from an epoch for others' tools and for `assay verify
// --policy`; read from a file that whoever verifies has from elsewhere. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/checkpoint.hpp"

namespace assay::ledger {

inline constexpr std::size_t kLogPolicyBytesMax = 64 * 1024;
inline constexpr std::size_t kPolicyNamesMax = 256;  // logs, witnesses and groups, each
inline constexpr std::size_t kPolicyDepthMax = 16;   // of groups within groups

// A vkey: "<key name>+<key id, 8 hexadecimal digits>+<base64 of type and key>".
struct VerifierKey {
    std::string name;
    crypto::PublicKey key;
    friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

struct LogPolicy {
    // A witness, or a group of what is defined before it.
    struct Voice {
        std::string name;
        std::optional<VerifierKey> witness;  // none: a group
        std::size_t threshold = 0;         // of the group
        std::vector<std::size_t> members;  // of the group, as positions in `voices`
        friend bool operator==(const Voice&, const Voice&) = default;
    };
    std::vector<VerifierKey> logs;
    std::vector<Voice> voices;
    std::optional<std::size_t> quorum;  // position in `voices`; none: no witness is needed
    friend bool operator==(const LogPolicy&, const LogPolicy&) = default;
};

// Fails with kMalformed or kLimitExceeded; says which line.
[[nodiscard]] Result<LogPolicy> parse_log_policy(std::string_view text);

// The policy of one epoch: the log keys of all its members, m of their cosignatures.
[[nodiscard]] std::string log_policy_text(const EpochRecord& epoch, std::string_view origin);

struct WitnessedCheckpoint {
    Checkpoint checkpoint;
    std::uint64_t time = 0;  // the latest at which the newest cosignatures suffice; 0: none needed
    std::vector<std::string> witnesses;  // whose cosignature is valid, by their policy names
};
// kOriginMismatch: signed by none of the policy's logs; kQuorumNotMet: by too few witnesses.
[[nodiscard]] Result<WitnessedCheckpoint> verify_checkpoint(std::string_view note,
                                                            const LogPolicy& policy);

}  // namespace assay::ledger
