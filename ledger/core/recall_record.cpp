#include "ledger/core/recall_record.hpp"

#include <algorithm>
#include <array>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::array<std::string_view, 4> kReasons = {"withdrawn", "vulnerable", "key-compromise",
                                                      "wrong"};

Result<RecallRecord> read_recall(cbor::Decoder& decoder) {
    RecallRecord recall;
    Fields map(decoder, "recall");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                recall.release = map.hash<LeafHash>();
                break;
            case 2:
                recall.reason = map.one_of(RecallReason::kWrong);
                break;
            case 3:
                recall.safe_sequence = map.positive();
                break;
            case 4:
                recall.action = map.one_of(RecallAction::kForceForward);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(recall, {1, 2, 4});
}

}  // namespace

std::string_view to_string(RecallReason reason) noexcept {
    return kReasons.at(static_cast<std::size_t>(reason));
}

std::optional<RecallReason> parse_recall_reason(std::string_view text) noexcept {
    const auto found = std::ranges::find(kReasons, text);
    if (found == kReasons.end()) return std::nullopt;
    return static_cast<RecallReason>(found - kReasons.begin());
}

Bytes encode_recall(const RecallRecord& recall) {
    cbor::Encoder out;
    out.map(recall.safe_sequence ? 4 : 3);
    out.unsigned_int(1).bytes(recall.release.view());
    out.unsigned_int(2).unsigned_int(static_cast<std::uint64_t>(recall.reason));
    if (recall.safe_sequence) out.unsigned_int(3).unsigned_int(*recall.safe_sequence);
    out.unsigned_int(4).unsigned_int(static_cast<std::uint64_t>(recall.action));
    return out.take();
}

Result<RecallRecord> decode_recall(ByteView input) { return decode_whole(input, read_recall); }

std::string subject_of(const RecallRecord& recall) {
    return "recall/" + to_hex(recall.release.view());
}

}  // namespace assay::ledger
