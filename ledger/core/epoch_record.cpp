#include "ledger/core/epoch_record.hpp"

#include <algorithm>

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
            default:
                map.unknown();
        }
    }
    if (!is_member_name(member.name)) map.refuse(Refusal::kMalformed, "bad member name");
    return map.finish(std::move(member), {1, 2, 3, 4, 5});
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
                record.height = static_cast<BlockHeight>(map.number(UINT32_MAX));
                break;
            case 4:
                record.registry_root = map.hash<Sha256Digest>();
                break;
            case 5:
                record.members = map.list(1, kMembersMax, read_member);
                break;
            case 6:
                record.quorum = map.positive(kMembersMax);
                break;
            case 7:
                record.previous = map.hash<Sha256Digest>();
                break;
            default:
                map.unknown();
        }
    }
    if (!members_differ(record.members)) {
        map.refuse(Refusal::kMalformed, "slots must ascend; names and cosign keys must differ");
    }
    if (record.quorum > record.members.size()) {
        map.refuse(Refusal::kMalformed, "the quorum is above the number of members");
    }
    return map.finish(std::move(record), {1, 2, 3, 4, 5, 6, 7});
}

}  // namespace

Bytes encode_epoch_record(const EpochRecord& record) {
    cbor::Encoder out;
    out.map(7);
    out.unsigned_int(1).unsigned_int(record.epoch);
    out.unsigned_int(2).bytes(record.chain_id.view());
    out.unsigned_int(3).unsigned_int(record.height);
    out.unsigned_int(4).bytes(record.registry_root.view());
    out.unsigned_int(5).array(record.members.size());
    for (const EpochMember& member : record.members) {
        out.map(5).unsigned_int(1).unsigned_int(member.slot).unsigned_int(2).text(member.name);
        encode_public_key(out.unsigned_int(3), member.cosign);
        encode_public_key(out.unsigned_int(4), member.log);
        encode_public_key(out.unsigned_int(5), member.root);
    }
    out.unsigned_int(6).unsigned_int(record.quorum);
    out.unsigned_int(7).bytes(record.previous.view());
    return out.take();
}

Result<EpochRecord> decode_epoch_record(ByteView input) { return decode_whole(input, read_record); }

EpochRecord first_epoch(const ChainId& chain_id, const Registry& registry) {
    EpochRecord record;
    record.chain_id = chain_id;
    record.registry_root = registry.root();
    record.quorum = registry.quorum();
    for (const Member& member : registry.members()) {
        if (!member.is_active() || !member.has(Role::kNode)) continue;
        record.members.push_back(
            {member.slot, member.name, member.cosign, member.log, member.root});
    }
    return record;
}

}  // namespace assay::ledger
