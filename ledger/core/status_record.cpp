#include "ledger/core/status_record.hpp"

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::ledger {
namespace {

Result<StatusRecord> read_status(cbor::Decoder& decoder) {
    StatusRecord status;
    Fields map(decoder, "status");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                status.vendor = map.uuid();
                break;
            case 2:
                status.device_class = map.uuid();
                break;
            case 3:
                status.component = map.text(1, 64);
                break;
            case 4:
                status.release = map.hash<LeafHash>();
                break;
            case 5:
                status.min_sequence = map.number();
                break;
            case 6:
                status.serial = map.positive();
                break;
            case 7:
                status.issued = map.number();
                break;
            case 8:
                status.not_after = map.number();
                break;
            default:
                map.unknown();
        }
    }
    if (!is_component_name(status.component)) map.refuse(Refusal::kMalformed, "component");
    if (status.not_after <= status.issued) {
        map.refuse(Refusal::kMalformed, "not-after is not behind issued");
    }
    return map.finish(std::move(status), {1, 2, 3, 4, 5, 6, 7, 8});
}

}  // namespace

Bytes encode_status(const StatusRecord& status) {
    cbor::Encoder out;
    out.map(8).unsigned_int(1).bytes(status.vendor).unsigned_int(2).bytes(status.device_class);
    out.unsigned_int(3).text(status.component).unsigned_int(4).bytes(status.release.view());
    out.unsigned_int(5).unsigned_int(status.min_sequence);
    out.unsigned_int(6).unsigned_int(status.serial);
    out.unsigned_int(7).unsigned_int(status.issued);
    out.unsigned_int(8).unsigned_int(status.not_after);
    return out.take();
}

Result<StatusRecord> decode_status(ByteView input) { return decode_whole(input, read_status); }

std::string subject_of(const StatusRecord& status) {
    return "status/" + to_hex(status.vendor) + "/" + to_hex(status.device_class) + "/" +
           status.component;
}

}  // namespace assay::ledger
