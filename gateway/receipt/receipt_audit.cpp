#include "gateway/receipt/receipt_audit.hpp"

#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

// Whether the chain holds the batch and its root covers exactly these receipts.
Result<bool> is_covered(const BatchRecord& batch,
                        const ReceiptStore& store,
                        const ledger::Chain& chain) {
    const auto found = chain.find(batch.leaf);
    if (!found) return false;
    const auto tx = ledger::decode_transaction(found->bytes);
    if (!tx) return fail(Error(tx.error()));
    const auto on_chain = ledger::decode_receipt_batch(tx->body.body);
    if (!on_chain) return fail(Error(on_chain.error()));
    const auto stored = store.read(batch.first, batch.count);
    if (!stored) return fail(Error(stored.error()));
    std::vector<Bytes> receipts;
    for (const StoredReceipt& receipt : *stored) receipts.push_back(receipt.bytes);
    return on_chain->count == batch.count && on_chain->root == ledger::receipt_root(receipts);
}

}  // namespace

Result<ReceiptAudit> audit_receipts(const ReceiptStore& store, const ledger::Chain& chain) {
    const auto batches = store.batches();
    if (!batches) return fail(Error(batches.error()));
    std::vector<std::uint8_t> times(store.stored() + 1, 0);
    ReceiptAudit audit;
    audit.stored = store.stored();
    for (const BatchRecord& batch : *batches) {
        const auto covered = is_covered(batch, store, chain);
        if (!covered) return fail(Error(covered.error()));
        if (!*covered) continue;
        ++audit.batches;
        for (ReceiptNumber number = batch.first; number < batch.end(); ++number) {
            if (times[number] < 2) ++times[number];
        }
    }
    for (ReceiptNumber number = 1; number <= audit.stored; ++number) {
        if (times[number] == 0) ++audit.missing;
        if (times[number] >= 1) ++audit.on_ledger;
        if (times[number] >= 2) ++audit.on_ledger_twice;
    }
    return audit;
}

}  // namespace assay::gateway
