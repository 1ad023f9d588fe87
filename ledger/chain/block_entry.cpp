#include "ledger/chain/block_entry.hpp"

#include "host/base/codec.hpp"
#include "ledger/core/vote.hpp"

namespace assay::ledger {

Bytes encode_entry(const BlockEntry& entry) {
    const ParentContext& context = entry.context;
    Writer writer;
    writer.bytes(encode(entry.sealed)).u32(context.height);
    writer.u64(static_cast<std::uint64_t>(context.drift_s)).u32(context.last_tx_height);
    writer.u16(static_cast<std::uint16_t>(context.recent_slots.size()));
    for (const Slot slot : context.recent_slots) writer.u16(slot);
    writer.u64(context.log.size());
    writer.u16(static_cast<std::uint16_t>(context.log.edge().size()));
    for (const LogHash& hash : context.log.edge()) writer.bytes(hash.view());
    put_point(writer, context.chain_justified);
    put_point(writer, context.chain_final);
    writer.bytes(context.epoch->record_hash().view());
    writer.bytes(entry.work.to_le()).u8(static_cast<std::uint8_t>(entry.verdict));
    return writer.take();
}

std::optional<BlockEntry> decode_entry(ByteView bytes, const FindEpoch& find_epoch) {
    Reader reader(bytes);
    BlockEntry entry;
    const ByteView sealed = reader.bytes(kSealedHeaderBytes);
    if (reader.failed()) return std::nullopt;
    entry.sealed = decode_sealed_header(sealed.first<kSealedHeaderBytes>());
    ParentContext& context = entry.context;
    context.id = entry.sealed.id();
    context.time = entry.sealed.header.time;
    context.height = reader.u32();
    context.drift_s = static_cast<std::int64_t>(reader.u64());
    context.last_tx_height = reader.u32();
    const std::uint16_t slots = reader.u16();
    for (std::uint16_t i = 0; i < slots && !reader.failed(); ++i) {
        context.recent_slots.push_back(reader.u16());
    }
    const std::uint64_t log_size = reader.u64();
    const std::uint16_t hashes = reader.u16();
    std::vector<LogHash> edge;
    for (std::uint16_t i = 0; i < hashes && !reader.failed(); ++i) {
        edge.push_back(reader.hash<LogHash>());
    }
    context.chain_justified = read_point(reader);
    context.chain_final = read_point(reader);
    const auto epoch = reader.hash<Sha256Digest>();
    const ByteView work = reader.bytes(32);
    entry.verdict = static_cast<BlockVerdict>(reader.u8());
    if (!reader.done()) return std::nullopt;
    auto log = crypto::CompactRange::from(log_size, edge);
    if (!log) return std::nullopt;
    context.log = *std::move(log);
    context.epoch = find_epoch(epoch);
    if (!context.epoch) return std::nullopt;
    entry.work = U256::from_le(work.first<32>());
    return entry;
}

Bytes encode_place(const TxPlace& place) {
    Writer writer;
    writer.u32(place.height).u32(place.position).u64(place.log_index);
    writer.u32(place.offset).u32(place.bytes);
    return writer.take();
}

std::optional<TxPlace> decode_place(ByteView bytes) {
    Reader reader(bytes);
    TxPlace place;
    place.height = reader.u32();
    place.position = reader.u32();
    place.log_index = reader.u64();
    place.offset = reader.u32();
    place.bytes = reader.u32();
    if (!reader.done()) return std::nullopt;
    return place;
}

}  // namespace assay::ledger
