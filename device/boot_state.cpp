#include "device/boot_state.hpp"

#include "ledger/core/fields.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kBootStateBytesMax = 64;

Result<BootState> read_boot_state(cbor::Decoder& decoder) {
    BootState out;
    ledger::Fields map(decoder, "boot state");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                out.active = map.number(1);
                break;
            case 2:
                out.trial = map.number(1);
                break;
            case 3:
                out.tries_left = map.number(kBootTriesMax);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(out, {1, 3});
}

}  // namespace

Bytes encode_boot_state(const BootState& state) {
    cbor::Encoder out;
    out.map(state.trial ? 3 : 2).unsigned_int(1).unsigned_int(state.active);
    if (state.trial) out.unsigned_int(2).unsigned_int(*state.trial);
    return out.unsigned_int(3).unsigned_int(state.tries_left).take();
}

Result<BootState> decode_boot_state(ByteView input) {
    return ledger::decode_whole(input, read_boot_state);
}

Result<BootState> FileBootStore::read() {
    auto bytes = storage_->read(path_, kBootStateBytesMax);
    if (!bytes) {
        if (bytes.error().is(std::errc::no_such_file_or_directory)) return BootState{};
        return fail(std::move(bytes).error());
    }
    auto state = decode_boot_state(*bytes);
    if (!state) return fail(std::move(state).error().within(path_.string()));
    return state;
}

Result<void> FileBootStore::write(const BootState& state) {
    return storage_->replace(path_, encode_boot_state(state));
}

}  // namespace assay::device
