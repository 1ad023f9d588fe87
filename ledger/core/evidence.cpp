#include "ledger/core/evidence.hpp"

#include <algorithm>

#include "ledger/core/fields.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/rule_switches.hpp"
#include "ledger/core/state_value.hpp"

namespace assay::ledger {
namespace {

Bytes state_key(Slot slot, std::uint32_t epoch) {
    Bytes key{std::byte{'v'}, static_cast<std::byte>(slot >> 8), static_cast<std::byte>(slot & 0xff)};
    for (int shift = 24; shift >= 0; shift -= 8) {
        key.push_back(static_cast<std::byte>(epoch >> shift & 0xff));
    }
    return key;
}

Result<Evidence> read_evidence(cbor::Decoder& decoder) {
    Evidence evidence;
    Fields map(decoder, "evidence");
    const auto read_vote = [&map] {
        const auto bytes = map.array<kVoteBytes>();
        return map.take(decode_vote(bytes)).value_or(Vote{});
    };
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                evidence.first = read_vote();
                break;
            case 2:
                evidence.second = read_vote();
                break;
            default:
                map.unknown();
        }
    }
    if (evidence.first.slot != evidence.second.slot ||
        evidence.first.epoch != evidence.second.epoch) {
        map.refuse(Refusal::kMalformed, "the votes are not of one slot and epoch");
    }
    return map.finish(evidence, {1, 2});
}

// E4: both votes are by the slot's vote key, as the epoch's record has it.
Result<void> check_votes(const Evidence& evidence,
                         const StateView& state,
                         const ChainId& chain_id) {
    const auto record = epoch_record(state, evidence.first.epoch);
    if (!record) {
        return fail(Refusal::kEpochUnknown,
                    "evidence: epoch " + std::to_string(evidence.first.epoch));
    }
    const auto node = std::ranges::find(record->members, evidence.first.slot, &EpochMember::slot);
    if (node == record->members.end()) {
        return fail(Refusal::kSignerUnknown, "evidence: slot " +
                                                 std::to_string(evidence.first.slot) +
                                                 " was no node of that epoch");
    }
    for (const Vote& vote : {evidence.first, evidence.second}) {
        if (verify_vote(vote, chain_id, node->vote)) continue;
        return fail(Refusal::kSignatureInvalid, "evidence: a vote that the slot did not sign");
    }
    return {};
}

}  // namespace

Bytes encode_evidence(const Evidence& evidence) {
    cbor::Encoder out;
    out.map(2).unsigned_int(1).bytes(encode_vote(evidence.first));
    out.unsigned_int(2).bytes(encode_vote(evidence.second));
    return out.take();
}

Result<Evidence> decode_evidence(ByteView input) { return decode_whole(input, read_evidence); }

std::string subject_of(const Evidence& evidence) {
    return "evidence/" + std::to_string(evidence.first.slot) + "/" +
           std::to_string(evidence.first.epoch);
}

Result<void> check_evidence(const Transaction& tx,
                            const StateView& state,
                            const TxContext& context) {
    const auto evidence = decode_evidence(tx.body.body);
    if (!evidence) return fail(evidence.error());
    if (is_on(Rule::kE1) && tx.subject != subject_of(*evidence)) {
        return fail(Refusal::kMalformed, "evidence: the subject is not that of the body");
    }
    const Member* signer = context.registry.find(tx.body.slot);
    if (signer == nullptr) return fail(Refusal::kSignerUnknown, "evidence: signer");
    if (auto r = verify_single_signature(tx, signer->tx); is_on(Rule::kE2) && !r) return r;
    if (is_on(Rule::kE3) && !contradicts(evidence->first, evidence->second)) {
        return fail(Refusal::kEvidenceVoid, "evidence: one node may cast both votes");
    }
    if (auto r = check_votes(*evidence, state, context.chain_id); is_on(Rule::kE4) && !r) return r;
    const std::uint64_t newest =
        std::max(evidence->first.link.target.height, evidence->second.link.target.height);
    const std::uint64_t age_max =
        param_of(state, ChangeableParam::kEvidenceBlocksMax, ChainParams{});
    if (is_on(Rule::kE5) && newest + age_max < context.height) {
        return fail(Refusal::kEvidenceTooOld, "evidence: the votes are for block " +
                                                  std::to_string(newest) + " at most, this is " +
                                                  std::to_string(context.height));
    }
    if (is_on(Rule::kE6) && is_recorded(state, evidence->first.slot, evidence->first.epoch)) {
        return fail(Refusal::kEvidenceKnown, subject_of(*evidence));
    }
    return {};
}

void apply_evidence(const Transaction& tx, LogIndex index, StateWriter& state) {
    const auto evidence = decode_evidence(tx.body.body);
    cbor::Encoder value;
    value.array(3).bytes(tx.leaf.view()).unsigned_int(index).bytes(tx.body.body);
    state.put(state_key(evidence->first.slot, evidence->first.epoch), value.take());
}

bool is_recorded(const StateView& state, Slot slot, std::uint32_t epoch) {
    return state.get(state_key(slot, epoch)).has_value();
}

std::vector<EvidenceEntry> all_evidence(const StateView& state) {
    std::vector<EvidenceEntry> entries;
    const Bytes prefix{std::byte{'v'}};
    state.for_each(prefix, [&entries](ByteView, ByteView bytes) {
        StateValue value(bytes, 3);
        EvidenceEntry entry;
        entry.leaf = value.hash<LeafHash>();
        entry.log_index = value.number();
        auto evidence = decode_evidence(value.bytes());
        if (!value.is_good() || !evidence) return false;
        entry.evidence = *evidence;
        entries.push_back(entry);
        return true;
    });
    return entries;
}

}  // namespace assay::ledger
