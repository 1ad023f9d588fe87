#include "ledger/core/extranonce.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/codec.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/coinbase.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kExtranonceOffset = 16;  // docs/formats.md, section 2

}  // namespace

ExtranonceRoll::ExtranonceRoll(const BlockHeader& header, std::span<const Bytes> txs)
    : header_{header} {
    ASSAY_ASSERT(!txs.empty() && txs.front().size() >= kCoinbaseBytes);
    coinbase_ = txs.front();
    std::vector<TxId> row;
    for (const Bytes& tx : txs) row.push_back(tx_id(tx));
    while (row.size() > 1) {
        branch_.push_back(row[1]);
        row = merkle_row_above(std::move(row));
    }
}

Bytes ExtranonceRoll::coinbase(std::uint64_t extranonce) const {
    Writer writer;
    writer.u64(extranonce);
    Bytes rolled = coinbase_;
    std::ranges::copy(writer.take(), rolled.begin() + kExtranonceOffset);
    return rolled;
}

BlockHeader ExtranonceRoll::header(std::uint64_t extranonce) const {
    TxId node = tx_id(coinbase(extranonce));
    for (const TxId& sibling : branch_) node = merkle_parent(node, sibling);
    BlockHeader rolled = header_;
    rolled.merkle_root = node.as<MerkleRoot>();
    return rolled;
}

}  // namespace assay::ledger
