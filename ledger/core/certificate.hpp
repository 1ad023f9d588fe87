// A certificate: votes of a quorum for one link. It justifies the link's target, and finalises the
// source if that is the target's parent (rules F1 to F5 of docs/ledger-rules.md). Certificates
// travel in the extension of a coinbase; nodes also make them of the votes they hear. Plain value;
// pure functions.

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/epoch.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/vote.hpp"

namespace assay::ledger {

inline constexpr std::size_t kCertificateVotesMax = kMembersMax;

struct CertificateVote {
    Slot slot = 0;
    VoteSignature signature{};
    friend bool operator==(const CertificateVote&, const CertificateVote&) = default;
};

struct Certificate {
    VoteLink link;
    std::vector<CertificateVote> votes;  // ascending slots
    // The certificate ends the second phase for its source.
    [[nodiscard]] bool finalises_source() const noexcept {
        return link.source.height + 1 == link.target.height;
    }
    friend bool operator==(const Certificate&, const Certificate&) = default;
};

[[nodiscard]] Bytes encode_certificate(const Certificate& certificate);
// Strict: target above the source, 1 to 64 votes, slots ascending, nothing behind.
[[nodiscard]] Result<Certificate> decode_certificate(ByteView bytes);

// The vote that is inside a certificate for a target that `epoch` governs.
[[nodiscard]] Vote vote_of(const CertificateVote& vote, const VoteLink& link, std::uint32_t epoch);

// The extension of a coinbase: type-length-value items, types ascending. Type 1 is a certificate;
// there is no other yet, and an unknown one fails.
inline constexpr std::uint8_t kExtCertificate = 1;
[[nodiscard]] Bytes encode_extension(const std::optional<Certificate>& certificate);
[[nodiscard]] Result<std::optional<Certificate>> decode_extension(ByteView ext);

// What the rules ask about the target of votes: itself, what its branch had justified, and who
// votes on it.
struct VoteTarget {
    ChainPoint point;
    ChainPoint chain_justified;           // after this block: the source of every vote for it
    std::shared_ptr<const Epoch> voters;  // the epoch at its parent
};

enum class CertificateVerdict : std::uint8_t {
    kValid,
    kSource,     // F3: the source is not what the target's branch had justified
    kQuorum,     // F4: fewer than m votes, or one by no node of the target's epoch
    kSignature,  // F5
};
// F3 to F5. Precondition: target.point is the certificate's target.
[[nodiscard]] CertificateVerdict check_certificate(const Certificate& certificate,
                                                   const VoteTarget& target,
                                                   const ChainId& chain_id);

}  // namespace assay::ledger
