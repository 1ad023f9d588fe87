#include "ledger/core/coinbase.hpp"

#include "host/base/assert.hpp"
#include "host/base/codec.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint8_t kNotCbor = 0;
constexpr std::uint8_t kFormatVersion = 1;
constexpr std::size_t kExtBytesMax = 65'535;

}  // namespace

Bytes encode_coinbase(const Coinbase& coinbase) {
    ASSAY_ASSERT(coinbase.ext.size() <= kExtBytesMax);
    Writer writer;
    writer.u8(kNotCbor).u8(kFormatVersion);
    writer.u32(coinbase.height).u16(coinbase.slot).u32(coinbase.registry_epoch);
    writer.u32(coinbase.n_tx).u64(coinbase.extranonce).bytes(coinbase.chain_id.view());
    writer.u64(coinbase.log_size).bytes(coinbase.log_root.view());
    writer.bytes(coinbase.registry_root.view());
    writer.u16(static_cast<std::uint16_t>(coinbase.ext.size())).bytes(coinbase.ext);
    return writer.take();
}

Result<Coinbase> decode_coinbase(ByteView bytes) {
    Reader reader(bytes);
    const std::uint8_t marker = reader.u8();
    const std::uint8_t version = reader.u8();
    Coinbase coinbase;
    coinbase.height = reader.u32();
    coinbase.slot = reader.u16();
    coinbase.registry_epoch = reader.u32();
    coinbase.n_tx = reader.u32();
    coinbase.extranonce = reader.u64();
    coinbase.chain_id = reader.hash<ChainId>();
    coinbase.log_size = reader.u64();
    coinbase.log_root = reader.hash<LogHash>();
    coinbase.registry_root = reader.hash<Sha256Digest>();
    const std::uint16_t ext_bytes = reader.u16();
    coinbase.ext = to_bytes(reader.bytes(ext_bytes));
    if (!reader.done()) {
        return fail(Refusal::kMalformed, "coinbase of " + std::to_string(bytes.size()) + " bytes");
    }
    if (marker != kNotCbor) return fail(Refusal::kMalformed, "coinbase does not start with 0");
    if (version != kFormatVersion) {
        return fail(Refusal::kUnknownVersion, "coinbase version " + std::to_string(version));
    }
    return coinbase;
}

}  // namespace assay::ledger
