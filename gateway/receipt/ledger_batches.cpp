#include "gateway/receipt/ledger_batches.hpp"

#include "ledger/core/block.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {

std::vector<LedgerBatch> batches_of_block(const ledger::Chain& chain, ledger::BlockHeight height) {
    std::vector<LedgerBatch> batches;
    const auto id = chain.id_at(height);
    const auto bytes = id ? chain.block(*id) : std::nullopt;
    if (!bytes) return batches;
    const auto block = ledger::decode_block(*bytes);
    if (!block) return batches;
    for (std::size_t i = 1; i < block->txs.size(); ++i) {  // behind the coinbase
        const auto tx = ledger::decode_transaction(block->txs[i]);
        if (!tx || tx->body.type != ledger::TxType::kReceiptBatch) continue;
        const auto batch = ledger::decode_receipt_batch(tx->body.body);
        if (!batch) continue;  // no valid block holds such
        LedgerBatch& found = batches.emplace_back();
        found.slot = tx->body.slot;
        found.batch = *batch;
        found.record.batch_no = batch->batch_no;
        found.record.root = batch->root;
        found.record.leaf = tx->leaf;
        found.record.valid_until = tx->body.valid_until;
        found.record.transaction = to_bytes(tx->bytes);
    }
    return batches;
}

bool lacks_batches(const ReceiptStore& store, const ledger::Chain& chain, ledger::Slot slot) {
    const auto last = ledger::last_batch(chain.state(), slot);
    if (!last) return false;
    const auto& newest = store.newest_batch();
    const std::uint64_t known = newest ? newest->batch_no : 0;
    if (known == last->batch_no) return newest->root != last->root;
    return known < last->batch_no && !store.is_lost(last->batch_no);
}

}  // namespace assay::gateway
