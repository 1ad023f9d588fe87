// Votes of two-phase finality: a node says "from the justified block `source` to `target`", once per
// height of a target, and never around or inside an older vote of its own (rules V1 and V2 of
// docs/ledger-rules.md). Layout: docs/formats.md, section 2. Plain values; pure functions.

#pragma once

#include <array>
#include <cstdint>

#include "host/base/bytes.hpp"
#include "host/base/codec.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

using VoteSignature = std::array<std::byte, crypto::kSignatureBytes>;

inline constexpr std::size_t kVoteBytes = 142;

struct VoteLink {
    ChainPoint source;
    ChainPoint target;  // higher than the source
    friend bool operator==(const VoteLink&, const VoteLink&) = default;
    friend auto operator<=>(const VoteLink&, const VoteLink&) = default;
};

struct Vote {
    std::uint32_t epoch = 0;  // governs the target: the one at its parent
    Slot slot = 0;
    VoteLink link;
    VoteSignature signature{};
    friend bool operator==(const Vote&, const Vote&) = default;
};

[[nodiscard]] Bytes encode_vote(const Vote& vote);
// Strict: exactly kVoteBytes, and the target above the source.
[[nodiscard]] Result<Vote> decode_vote(ByteView bytes);

// Signs "ASSAY1-vote", a zero byte, chain id, epoch and link; `slot` is the key's.
[[nodiscard]] Result<Vote> sign_vote(const Vote& unsigned_vote,
                                     const ChainId& chain_id,
                                     const crypto::PrivateKey& key);
[[nodiscard]] bool verify_vote(const Vote& vote,
                               const ChainId& chain_id,
                               const crypto::PublicKey& key);

// Whether one node must not have cast both: V1, two targets or sources at one height, or V2, one
// link around the other. Votes for the same link agree, whatever their signatures.
[[nodiscard]] bool breaks_v1(const Vote& a, const Vote& b) noexcept;
[[nodiscard]] bool breaks_v2(const Vote& a, const Vote& b) noexcept;
[[nodiscard]] inline bool contradicts(const Vote& a, const Vote& b) noexcept {
    return breaks_v1(a, b) || breaks_v2(a, b);
}

// u32 height || id, as in votes and certificates.
void put_point(Writer& out, const ChainPoint& point);
[[nodiscard]] ChainPoint read_point(Reader& in);

}  // namespace assay::ledger
