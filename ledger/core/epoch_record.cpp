#include "ledger/core/epoch_record.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

Result<EpochMember> read_member(cbor::Decoder& decoder) {
    EpochMember member;
    Fields map(decoder, "epoch member");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                member.slot = map.slot();
                break;
            case 2:
                member.name = map.text(1, 64);
                break;
            case 3:
                member.cosign = map.public_key();
                break;
            case 4:
                member.log = map.public_key();
                break;
            case 5:
                member.root = map.public_key();
                break;
            case 6:
                member.seal = map.public_key();
                break;
            case 7:
                member.vote = map.public_key();
                break;
            default:
                map.unknown();
        }
    }
    if (!is_member_name(member.name)) map.refuse(Refusal::kMalformed, "bad member name");
    return map.finish(std::move(member), {1, 2, 3, 4, 5, 6, 7});
}

// Slots count, not keys: no slot, name or cosign key may stand for two members.
bool members_differ(const std::vector<EpochMember>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        for (std::size_t k = i + 1; k < members.size(); ++k) {
            const EpochMember &a = members[i], &b = members[k];
            if (a.slot >= b.slot || a.name == b.name || a.cosign == b.cosign) return false;
        }
    }
    return true;
}

Result<EpochRecord> read_record(cbor::Decoder& decoder) {
    EpochRecord record;
    Fields map(decoder, "epoch-record");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                record.epoch = map.number();
                break;
            case 2:
                record.chain_id = map.hash<ChainId>();
                break;
            case 3:
                record.change = map.hash<LeafHash>();
                break;
            case 4:
                record.members = map.list(1, kMembersMax, read_member);
                break;
            case 5:
                record.quorum = map.positive(kMembersMax);
                break;
            case 6:
                record.previous = map.hash<Sha256Digest>();
                break;
            default:
                map.unknown();
        }
    }
    if (!members_differ(record.members)) {
        map.refuse(Refusal::kMalformed, "slots must ascend; names and cosign keys must differ");
    }
    if (record.quorum != quorum_of(record.members.size())) {
        map.refuse(Refusal::kMalformed, "the quorum is not floor(2N/3) + 1");
    }
    return map.finish(std::move(record), {1, 2, 3, 4, 5, 6});
}

void set_members(EpochRecord& record, const Registry& registry) {
    record.quorum = registry.quorum();
    for (const Member& member : registry.members()) {
        if (!member.is_active() || !member.has(Role::kNode)) continue;
        record.members.push_back({member.slot, member.name, member.cosign, member.log, member.root,
                                  member.seal, member.vote});
    }
}

}  // namespace

Bytes encode_epoch_record(const EpochRecord& record) {
    cbor::Encoder out;
    out.map(6);
    out.unsigned_int(1).unsigned_int(record.epoch);
    out.unsigned_int(2).bytes(record.chain_id.view());
    out.unsigned_int(3).bytes(record.change.view());
    out.unsigned_int(4).array(record.members.size());
    for (const EpochMember& member : record.members) {
        out.map(7).unsigned_int(1).unsigned_int(member.slot).unsigned_int(2).text(member.name);
        encode_public_key(out.unsigned_int(3), member.cosign);
        encode_public_key(out.unsigned_int(4), member.log);
        encode_public_key(out.unsigned_int(5), member.root);
        encode_public_key(out.unsigned_int(6), member.seal);
        encode_public_key(out.unsigned_int(7), member.vote);
    }
    out.unsigned_int(5).unsigned_int(record.quorum);
    out.unsigned_int(6).bytes(record.previous.view());
    return out.take();
}

Result<EpochRecord> decode_epoch_record(ByteView input) { return decode_whole(input, read_record); }

Sha256Digest hash_of(const EpochRecord& record) {
    return crypto::sha256(encode_epoch_record(record));
}

EpochRecord first_epoch(const ChainId& chain_id, const Registry& registry) {
    EpochRecord record;
    record.chain_id = chain_id;
    set_members(record, registry);
    return record;
}

EpochRecord next_epoch(const EpochRecord& current,
                       const Registry& registry,
                       const LeafHash& change) {
    EpochRecord record;
    record.epoch = current.epoch + 1;
    record.chain_id = current.chain_id;
    record.change = change;
    record.previous = hash_of(current);
    set_members(record, registry);
    return record;
}

}  // namespace assay::ledger
