// Blocks on the wire and on disk (docs/formats.md, section 3), and Bitcoin's Merkle tree over their
// transactions. Pure functions.

#pragma once

#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/header.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

// What no genesis may raise.
inline constexpr std::size_t kBlockBytesMax = 2'097'152;
inline constexpr std::size_t kBlockTxsMax = 4'096;
inline constexpr std::size_t kTxBytesMax = 65'535;
// A transaction of exactly 64 bytes could pass for an inner node of the tree (CVE-2017-12842).
inline constexpr std::size_t kTxBytesForbidden = 64;

[[nodiscard]] TxId tx_id(ByteView transaction);

// Views into the bytes that were decoded, which must outlive it.
struct Block {
    SealedHeader sealed;
    std::vector<ByteView> txs;  // the coinbase first; empty in block 0 only
    ByteView bytes;             // the whole block

    [[nodiscard]] const BlockHeader& header() const noexcept { return sealed.header; }
};

[[nodiscard]] Result<Block> decode_block(ByteView bytes);
[[nodiscard]] Bytes encode_block(const SealedHeader& sealed, std::span<const Bytes> txs);

// One step up Bitcoin's Merkle tree. Its nodes have no type of their own: ids stand for them.
[[nodiscard]] TxId merkle_parent(const TxId& left, const TxId& right);
// The whole row above; the last of an odd row is paired with itself.
[[nodiscard]] std::vector<TxId> merkle_row_above(std::vector<TxId> row);
// Zero for no transactions.
[[nodiscard]] MerkleRoot bitcoin_merkle_root(std::vector<TxId> row);

}  // namespace assay::ledger
