#include "ledger/core/anchor.hpp"

#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

Result<Anchor> read_anchor(cbor::Decoder& decoder) {
    Anchor anchor;
    Fields map(decoder, "anchor");
    while (const auto key = map.next()) {
        switch (*key) {
            case 0:
                if (map.number() != 1) map.refuse(Refusal::kUnknownVersion, "version is not 1");
                break;
            case 1:
                anchor.chain_id = map.hash<ChainId>();
                break;
            case 2:
                anchor.origin = map.text(1, 128);
                break;
            case 3:
                anchor.vendor = map.uuid();
                break;
            case 4:
                anchor.oem_slot = map.slot();
                break;
            case 5:
                anchor.oem_root = map.public_key();
                break;
            case 6: {
                const Bytes record = map.bytes(kAnchorBytesMax);
                anchor.epoch = map.take(decode_epoch_record(record)).value_or(EpochRecord{});
                break;
            }
            default:
                map.unknown();
        }
    }
    if (anchor.epoch.chain_id != anchor.chain_id) {
        map.refuse(Refusal::kChainIdMismatch, "the epoch record is of another chain");
    }
    return map.finish(std::move(anchor), {0, 1, 2, 3, 4, 5, 6});
}

}  // namespace

Bytes encode_anchor(const Anchor& anchor) {
    cbor::Encoder out;
    out.map(7);
    out.unsigned_int(0).unsigned_int(1);
    out.unsigned_int(1).bytes(anchor.chain_id.view());
    out.unsigned_int(2).text(anchor.origin);
    out.unsigned_int(3).bytes(anchor.vendor);
    out.unsigned_int(4).unsigned_int(anchor.oem_slot);
    encode_public_key(out.unsigned_int(5), anchor.oem_root);
    out.unsigned_int(6).bytes(encode_epoch_record(anchor.epoch));
    return out.take();
}

Result<Anchor> decode_anchor(ByteView input) {
    if (input.size() > kAnchorBytesMax) return fail(Refusal::kLimitExceeded, "anchor is too large");
    return decode_whole(input, read_anchor);
}

}  // namespace assay::ledger
