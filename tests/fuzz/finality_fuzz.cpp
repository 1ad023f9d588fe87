// Votes, certificates, the extension of a coinbase, evidence, and the record of own votes. Whatever
// is accepted has exactly one encoding: encoding it again gives the same bytes.

#include "ledger/core/certificate.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/node/voter.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

ledger::Vote sample_vote() {
    ledger::Vote vote;
    vote.slot = 3;
    vote.link.source.height = 4;
    vote.link.target.height = 5;
    return vote;
}

ledger::Certificate sample_certificate() {
    ledger::Certificate certificate;
    certificate.link = sample_vote().link;
    certificate.votes = {{1, {}}, {3, {}}};
    return certificate;
}

}  // namespace

// The first byte chooses the decoder.
void one_input(ByteView input) {
    using namespace ledger;
    if (input.empty()) return;
    const ByteView rest = input.subspan(1);
    const Bytes same = to_bytes(rest);
    switch (std::to_integer<unsigned>(input[0]) % 5) {
        case 0:
            if (const auto vote = decode_vote(rest)) ASSAY_ASSERT(encode_vote(*vote) == same);
            return;
        case 1:
            if (const auto certificate = decode_certificate(rest)) {
                ASSAY_ASSERT(encode_certificate(*certificate) == same);
                ASSAY_ASSERT(certificate->votes.size() <= kCertificateVotesMax);
            }
            return;
        case 2:
            if (const auto ext = decode_extension(rest)) {
                ASSAY_ASSERT(encode_extension(*ext) == same);
            }
            return;
        case 3:
            if (const auto evidence = decode_evidence(rest)) {
                ASSAY_ASSERT(encode_evidence(*evidence) == same);
            }
            return;
        default:
            // Its own file: lists may come in an order in which it would not write them.
            if (const auto record = decode_safety_record(rest)) {
                const auto again = decode_safety_record(encode_safety_record(*record));
                ASSAY_ASSERT(again && *again == *record);
            }
    }
}

std::vector<Bytes> seeds() {
    using namespace ledger;
    Evidence evidence{sample_vote(), sample_vote()};
    evidence.second.link.target.id.bytes[0] = std::byte{1};
    SafetyRecord record;
    record.votes = {sample_vote()};
    record.epochs.emplace(1, Sha256Digest{});
    record.bounds.why_off = "restored";
    record.replaced[crypto::KeyId{}].vote_floor = 7;
    const std::vector<Bytes> encoded{encode_vote(sample_vote()),
                                     encode_certificate(sample_certificate()),
                                     encode_extension(sample_certificate()),
                                     encode_evidence(evidence), encode_safety_record(record)};
    std::vector<Bytes> out;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        Bytes seed{static_cast<std::byte>(i)};
        append(seed, encoded[i]);
        out.push_back(std::move(seed));
    }
    return out;
}

}  // namespace assay::fuzz
