#include "ledger/core/vote.hpp"

#include <algorithm>

#include "ledger/core/rule_switches.hpp"
#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kDomain = "ASSAY1-vote";

Bytes signed_bytes(const Vote& vote, const ChainId& chain_id) {
    Writer out;
    out.bytes(as_bytes(kDomain)).u8(0).bytes(chain_id.view()).u32(vote.epoch);
    put_point(out, vote.link.source);
    put_point(out, vote.link.target);
    return out.take();
}

bool is_around(const VoteLink& outer, const VoteLink& inner) noexcept {
    return outer.source.height < inner.source.height && inner.target.height < outer.target.height;
}

}  // namespace

void put_point(Writer& out, const ChainPoint& point) {
    out.u32(point.height).bytes(point.id.view());
}

ChainPoint read_point(Reader& in) {
    ChainPoint point;
    point.height = in.u32();
    point.id = in.hash<BlockId>();
    return point;
}

Bytes encode_vote(const Vote& vote) {
    Writer out;
    out.u32(vote.epoch).u16(vote.slot);
    put_point(out, vote.link.source);
    put_point(out, vote.link.target);
    out.bytes(vote.signature);
    return out.take();
}

Result<Vote> decode_vote(ByteView bytes) {
    Reader in(bytes);
    Vote vote;
    vote.epoch = in.u32();
    vote.slot = in.u16();
    vote.link.source = read_point(in);
    vote.link.target = read_point(in);
    const ByteView signature = in.bytes(crypto::kSignatureBytes);
    if (!in.done()) {
        return fail(Refusal::kMalformed, "vote of " + std::to_string(bytes.size()) + " bytes");
    }
    std::ranges::copy(signature, vote.signature.begin());
    if (vote.slot > kSlotMax) return fail(Refusal::kMalformed, "vote: slot above 8191");
    if (vote.link.source.height >= vote.link.target.height) {
        return fail(Refusal::kMalformed, "vote: the target is not above the source");
    }
    return vote;
}

Result<Vote> sign_vote(const Vote& unsigned_vote,
                       const ChainId& chain_id,
                       const crypto::PrivateKey& key) {
    auto signature = key.sign(signed_bytes(unsigned_vote, chain_id));
    if (!signature) return fail(std::move(signature).error());
    Vote vote = unsigned_vote;
    std::ranges::copy(*signature, vote.signature.begin());
    return vote;
}

bool verify_vote(const Vote& vote, const ChainId& chain_id, const crypto::PublicKey& key) {
    return verify_once(key, signed_bytes(vote, chain_id), vote.signature);
}

bool breaks_v1(const Vote& a, const Vote& b) noexcept {
    if (!is_on(Rule::kV1)) return false;
    return a.link.target.height == b.link.target.height && a.link != b.link;
}

bool breaks_v2(const Vote& a, const Vote& b) noexcept {
    if (!is_on(Rule::kV2)) return false;
    return is_around(a.link, b.link) || is_around(b.link, a.link);
}

}  // namespace assay::ledger
