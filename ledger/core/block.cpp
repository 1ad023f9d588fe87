#include "ledger/core/block.hpp"

#include "host/base/codec.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {

TxId tx_id(ByteView transaction) { return crypto::sha256d(transaction).as<TxId>(); }

Result<Block> decode_block(ByteView bytes) {
    if (is_on(Rule::kB1) && bytes.size() > kBlockBytesMax) {
        return fail(Refusal::kLimitExceeded,
                    "block of " + std::to_string(bytes.size()) + " bytes, at most 2 MiB");
    }
    Reader reader(bytes);
    const ByteView head = reader.bytes(kSealedHeaderBytes);
    const std::uint32_t n_tx = reader.u32();
    if (reader.failed()) return fail(Refusal::kMalformed, "block ends within its header");
    if (is_on(Rule::kB1) && n_tx > kBlockTxsMax) {
        return fail(Refusal::kLimitExceeded,
                    "block of " + std::to_string(n_tx) + " transactions, at most 4,096");
    }
    Block block;
    block.sealed = decode_sealed_header(head.first<kSealedHeaderBytes>());
    block.bytes = bytes;
    block.txs.reserve(n_tx);
    for (std::uint32_t i = 0; i < n_tx; ++i) {
        const std::uint32_t size = reader.u32();
        const ByteView tx = reader.bytes(size);
        if (reader.failed()) {
            return fail(Refusal::kMalformed, "block ends within transaction " + std::to_string(i));
        }
        if (is_on(Rule::kB1) && (size > kTxBytesMax || size == kTxBytesForbidden || size == 0)) {
            return fail(Refusal::kLimitExceeded, "transaction " + std::to_string(i) + " of " +
                                                     std::to_string(size) +
                                                     " bytes: 1 to 65,535, never 64");
        }
        block.txs.push_back(tx);
    }
    if (is_on(Rule::kB1) && !reader.done())
        return fail(Refusal::kMalformed, "bytes after the end of a block");
    return block;
}

Bytes encode_block(const SealedHeader& sealed, std::span<const Bytes> txs) {
    Writer writer;
    writer.bytes(encode(sealed)).u32(static_cast<std::uint32_t>(txs.size()));
    for (const Bytes& tx : txs) writer.u32(static_cast<std::uint32_t>(tx.size())).bytes(tx);
    return writer.take();
}

TxId merkle_parent(const TxId& left, const TxId& right) {
    Bytes pair = to_bytes(left.view());
    append(pair, right.view());
    return tx_id(pair);
}

std::vector<TxId> merkle_row_above(std::vector<TxId> row) {
    if (row.size() % 2 == 1) row.push_back(row.back());
    for (std::size_t i = 0; i < row.size() / 2; ++i) {
        row[i] = merkle_parent(row[2 * i], row[2 * i + 1]);
    }
    row.resize(row.size() / 2);
    return row;
}

MerkleRoot bitcoin_merkle_root(std::vector<TxId> row) {
    if (row.empty()) return {};
    while (row.size() > 1) row = merkle_row_above(std::move(row));
    return row.front().as<MerkleRoot>();
}

}  // namespace assay::ledger
