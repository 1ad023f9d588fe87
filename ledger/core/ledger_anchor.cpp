#include "ledger/core/ledger_anchor.hpp"

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kAroundNote = 96;  // the other fields of the record, and its frame

Result<Checkpoint> log_of(std::string_view text) {
    const auto note = parse_note(text);
    if (!note) return fail(Error(note.error()));
    auto checkpoint = parse_checkpoint_text(note->text);
    if (!checkpoint) return checkpoint;
    if (checkpoint->size == 0 || note->signatures.empty()) {
        return fail(Refusal::kMalformed, "anchor: of an empty log, or without a signature");
    }
    return checkpoint;
}

Result<LedgerAnchor> read_ledger_anchor(cbor::Decoder& decoder) {
    LedgerAnchor anchor;
    Fields map(decoder, "anchor");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                anchor.chain_id = map.hash<ChainId>();
                break;
            case 2:
                anchor.height = static_cast<BlockHeight>(map.positive(UINT32_MAX));
                break;
            case 3:
                anchor.block = map.hash<BlockId>();
                break;
            case 4:
                anchor.checkpoint = map.text(1, kLedgerAnchorBytesMax);
                anchor.log = map.take(log_of(anchor.checkpoint)).value_or(Checkpoint{});
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(anchor), {1, 2, 3, 4});
}

}  // namespace

Result<LedgerAnchor> make_ledger_anchor(const ChainId& chain_id,
                                        BlockHeight height,
                                        const BlockId& block,
                                        std::string_view note) {
    auto parsed = parse_note(note);
    if (!parsed) return fail(std::move(parsed).error());
    while (parsed->signatures.size() > 1 &&
           to_string(*parsed).size() > kLedgerAnchorBytesMax - kAroundNote) {
        parsed->signatures.pop_back();
    }
    LedgerAnchor anchor{chain_id, height, block, to_string(*parsed), {}};
    auto log = log_of(anchor.checkpoint);
    if (!log) return fail(std::move(log).error());
    anchor.log = *std::move(log);
    return anchor;
}

Bytes encode_ledger_anchor(const LedgerAnchor& anchor) {
    cbor::Encoder out;
    out.map(4);
    out.unsigned_int(1).bytes(anchor.chain_id.view());
    out.unsigned_int(2).unsigned_int(anchor.height);
    out.unsigned_int(3).bytes(anchor.block.view());
    out.unsigned_int(4).text(anchor.checkpoint);
    return out.take();
}

Result<LedgerAnchor> decode_ledger_anchor(ByteView input) {
    if (input.size() > kLedgerAnchorBytesMax) {
        return fail(Refusal::kLimitExceeded, "anchor: more than 1 KiB");
    }
    return decode_whole(input, read_ledger_anchor);
}

std::string subject_of(const LedgerAnchor& anchor) {
    return "anchor/" + to_hex(anchor.chain_id.view()) + "/" + std::to_string(anchor.height);
}

}  // namespace assay::ledger
