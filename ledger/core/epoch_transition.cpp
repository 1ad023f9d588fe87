#include "ledger/core/epoch_transition.hpp"

#include <algorithm>

#include "ledger/core/fields.hpp"
#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kDomain{"ASSAY1-epoch\0", 13};

Bytes signed_text(const EpochRecord& record) {
    Bytes text = to_bytes(as_bytes(kDomain));
    append(text, record.chain_id.view());
    append(text, encode_epoch_record(record));
    return text;
}

Result<EpochSignature> read_signature(cbor::Decoder& decoder) {
    EpochSignature signature;
    Fields map(decoder, "epoch signature");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                signature.slot = map.slot();
                break;
            case 2:
                signature.signature = to_bytes(map.array<crypto::kSignatureBytes>());
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(signature), {1, 2});
}

const EpochMember* find_member(const EpochRecord& epoch, Slot slot) {
    const auto found = std::ranges::find(epoch.members, slot, &EpochMember::slot);
    return found == epoch.members.end() ? nullptr : &*found;
}

}  // namespace

Bytes encode_epoch_transition(const EpochTransition& transition) {
    cbor::Encoder out;
    out.map(2).unsigned_int(1).bytes(encode_epoch_record(transition.record));
    out.unsigned_int(2).array(transition.signatures.size());
    for (const EpochSignature& signature : transition.signatures) {
        out.map(2).unsigned_int(1).unsigned_int(signature.slot);
        out.unsigned_int(2).bytes(signature.signature);
    }
    return out.take();
}

Result<EpochTransition> decode_epoch_transition(cbor::Decoder& in) {
    EpochTransition transition;
    Fields map(in, "epoch");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1: {
                const Bytes record = map.bytes(65'535);
                transition.record = map.take(decode_epoch_record(record)).value_or(EpochRecord{});
                break;
            }
            case 2:
                transition.signatures = map.list(1, kMembersMax, read_signature);
                break;
            default:
                map.unknown();
        }
    }
    const auto& signatures = transition.signatures;
    const auto misplaced = [](const EpochSignature& a, const EpochSignature& b) {
        return a.slot >= b.slot;
    };
    if (std::ranges::adjacent_find(signatures, misplaced) != signatures.end()) {
        map.refuse(Refusal::kMalformed, "signatures are not in ascending order of slots");
    }
    return map.finish(std::move(transition), {1, 2});
}

Result<EpochTransition> decode_epoch_transition(ByteView input) {
    return decode_whole(input, [](cbor::Decoder& in) { return decode_epoch_transition(in); });
}

std::string subject_of(const EpochTransition& transition) {
    return "epoch/" + std::to_string(transition.record.epoch);
}

Result<Bytes> sign_epoch(const EpochRecord& record, const crypto::PrivateKey& key) {
    return key.sign(signed_text(record));
}

bool verify_epoch_signature(const EpochSignature& signature,
                            const EpochRecord& record,
                            const EpochRecord& current) {
    const EpochMember* member = find_member(current, signature.slot);
    if (member == nullptr) return false;
    const Bytes text = signed_text(record);
    return verify_once(member->cosign, text, signature.signature) ||
           verify_once(member->root, text, signature.signature);
}

Result<void> check_epoch_transition(const EpochTransition& transition, const EpochRecord& current) {
    const EpochRecord& record = transition.record;
    if (record.chain_id != current.chain_id || record.epoch != current.epoch + 1 ||
        record.previous != hash_of(current)) {
        return fail(Refusal::kEpochUnknown, "epoch " + std::to_string(record.epoch) +
                                                " does not follow the known epoch " +
                                                std::to_string(current.epoch));
    }
    for (const EpochSignature& signature : transition.signatures) {
        const std::string slot = std::to_string(signature.slot);
        if (find_member(current, signature.slot) == nullptr) {
            return fail(Refusal::kSignerUnknown, "epoch: slot " + slot + " is no node");
        }
        if (!verify_epoch_signature(signature, record, current)) {
            return fail(Refusal::kSignatureInvalid, "epoch: the signature of slot " + slot);
        }
    }
    if (transition.signatures.size() < current.quorum) {
        return fail(Refusal::kQuorumNotMet,
                    "epoch: " + std::to_string(transition.signatures.size()) + " signatures, " +
                        std::to_string(current.quorum) + " are needed");
    }
    return {};
}

}  // namespace assay::ledger
