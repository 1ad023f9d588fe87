#include "ledger/chain/undo.hpp"

#include "host/base/codec.hpp"

namespace assay::ledger {

Bytes encode_undo(const StateOverlay::Changes& changes, const StateView& before) {
    Writer writer;
    for (const auto& [key, unused] : changes) {
        const auto value = before.get(key);
        writer.u32(static_cast<std::uint32_t>(key.size())).bytes(key);
        writer.u8(value ? 1 : 0);
        if (value) writer.u32(static_cast<std::uint32_t>(value->size())).bytes(*value);
    }
    return writer.take();
}

bool apply_undo(ByteView undo, WriteBatch& batch) {
    Reader reader(undo);
    while (!reader.done()) {
        const ByteView key = reader.bytes(reader.u32());
        if (reader.u8() == 0) {
            if (reader.failed()) return false;
            batch.erase(key);
            continue;
        }
        const ByteView value = reader.bytes(reader.u32());
        if (reader.failed()) return false;
        batch.put(key, value);
    }
    return true;
}

}  // namespace assay::ledger
