#include "ledger/core/certificate.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/codec.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kVoteInCertificateBytes = 2 + crypto::kSignatureBytes;

tl::unexpected<Error> malformed(const char* what) {
    return fail(Refusal::kMalformed, std::string("certificate: ") + what);
}

}  // namespace

Bytes encode_certificate(const Certificate& certificate) {
    ASSAY_ASSERT(certificate.votes.size() <= kCertificateVotesMax);
    Writer out;
    put_point(out, certificate.link.source);
    put_point(out, certificate.link.target);
    out.u16(static_cast<std::uint16_t>(certificate.votes.size()));
    for (const CertificateVote& vote : certificate.votes) {
        out.u16(vote.slot).bytes(vote.signature);
    }
    return out.take();
}

Result<Certificate> decode_certificate(ByteView bytes) {
    Reader in(bytes);
    Certificate certificate;
    certificate.link.source = read_point(in);
    certificate.link.target = read_point(in);
    const std::size_t count = in.u16();
    if (in.failed()) return malformed("too short");
    if (certificate.link.source.height >= certificate.link.target.height) {
        return malformed("the target is not above the source");
    }
    if (count == 0 || count > kCertificateVotesMax) {
        return fail(Refusal::kLimitExceeded,
                    "certificate: " + std::to_string(count) + " votes, 1 to 64 are possible");
    }
    if (in.rest().size() != count * kVoteInCertificateBytes) return malformed("wrong length");
    certificate.votes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        CertificateVote vote;
        vote.slot = in.u16();
        std::ranges::copy(in.bytes(crypto::kSignatureBytes), vote.signature.begin());
        if (vote.slot > kSlotMax) return malformed("slot above 8191");
        if (i > 0 && vote.slot <= certificate.votes.back().slot) {
            return malformed("slots do not ascend");
        }
        certificate.votes.push_back(vote);
    }
    return certificate;
}

Vote vote_of(const CertificateVote& vote, const VoteLink& link, std::uint32_t epoch) {
    return Vote{epoch, vote.slot, link, vote.signature};
}

Bytes encode_extension(const std::optional<Certificate>& certificate) {
    if (!certificate) return {};
    const Bytes value = encode_certificate(*certificate);
    Writer out;
    out.u8(kExtCertificate).u16(static_cast<std::uint16_t>(value.size())).bytes(value);
    return out.take();
}

Result<std::optional<Certificate>> decode_extension(ByteView ext) {
    std::optional<Certificate> certificate;
    Reader in(ext);
    int last = -1;
    while (!in.done()) {
        const int type = in.u8();
        const std::uint16_t length = in.u16();
        const ByteView value = in.bytes(length);
        if (in.failed()) return fail(Refusal::kMalformed, "extension: ends within an item");
        if (type <= last) return fail(Refusal::kMalformed, "extension: types do not ascend");
        if (type != kExtCertificate) {
            return fail(Refusal::kUnknownType, "extension of type " + std::to_string(type));
        }
        auto decoded = decode_certificate(value);
        if (!decoded) return fail(std::move(decoded).error());
        certificate = std::move(*decoded);
        last = type;
    }
    return certificate;
}

CertificateVerdict check_certificate(const Certificate& certificate,
                                     const VoteTarget& target,
                                     const ChainId& chain_id) {
    ASSAY_ASSERT(certificate.link.target == target.point);
    const Epoch& voters = *target.voters;
    if (is_on(Rule::kF3) && certificate.link.source != target.chain_justified) {
        return CertificateVerdict::kSource;
    }
    const auto votes = [&](const CertificateVote& vote) {
        return voters.find_node(vote.slot) != nullptr;
    };
    if (is_on(Rule::kF4) && (certificate.votes.size() < voters.quorum() ||
                             !std::ranges::all_of(certificate.votes, votes))) {
        return CertificateVerdict::kQuorum;
    }
    for (const CertificateVote& vote : certificate.votes) {
        const EpochNode* node = voters.find_node(vote.slot);
        if (node == nullptr) continue;  // with F4 switched off only
        const Vote full = vote_of(vote, certificate.link, voters.number());
        if (is_on(Rule::kF5) && !verify_vote(full, chain_id, node->vote)) {
            return CertificateVerdict::kSignature;
        }
    }
    return CertificateVerdict::kValid;
}

}  // namespace assay::ledger
