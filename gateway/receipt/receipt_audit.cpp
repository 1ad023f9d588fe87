#include "gateway/receipt/receipt_audit.hpp"

#include <algorithm>

#include "host/crypto/merkle_tree.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

// Whether the chain holds the batch and its root covers exactly these receipts, whose hashes go to
// `leaves`.
Result<bool> is_covered(const BatchRecord& batch,
                        const ReceiptStore& store,
                        const ledger::Chain& chain,
                        std::vector<ledger::LeafHash>& leaves) {
    const auto found = chain.find(batch.leaf);
    if (!found) return false;
    const auto tx = ledger::decode_transaction(found->bytes);
    if (!tx) return fail(Error(tx.error()));
    const auto on_chain = ledger::decode_receipt_batch(tx->body.body);
    if (!on_chain) return fail(Error(on_chain.error()));
    const auto stored = store.read(batch.first, batch.count);
    if (!stored) return fail(Error(stored.error()));
    crypto::CompactRange range;
    for (const StoredReceipt& receipt : *stored) {
        const auto leaf = crypto::leaf_hash(receipt.bytes);
        leaves.push_back(leaf);
        range.append(leaf);
    }
    return on_chain->count == batch.count && on_chain->root == range.root();
}

}  // namespace

Result<ReceiptAudit> audit_receipts(const ReceiptStore& store,
                                    const ledger::Chain& chain,
                                    ledger::Slot slot) {
    const auto batches = store.batches();
    if (!batches) return fail(Error(batches.error()));
    std::vector<bool> is_covered_by_one(store.stored() + 1, false);
    std::vector<ledger::LeafHash> leaves;  // of all that are on the chain
    ReceiptAudit audit;
    audit.stored = store.stored();
    for (const BatchRecord& batch : *batches) {
        const std::size_t before = leaves.size();
        const auto covered = is_covered(batch, store, chain, leaves);
        if (!covered) return fail(Error(covered.error()));
        if (!*covered) {
            leaves.resize(before);
            continue;
        }
        ++audit.batches;
        for (ReceiptNumber number = batch.first; number < batch.end(); ++number) {
            is_covered_by_one[number] = true;
        }
    }
    for (ReceiptNumber number = 1; number <= audit.stored; ++number) {
        ++(is_covered_by_one[number] ? audit.on_ledger : audit.missing);
    }
    // By their bytes: one that was taken again after a loss has two numbers.
    std::ranges::sort(leaves);
    const auto [last, end] = std::ranges::unique(leaves);
    audit.on_ledger_twice = static_cast<std::uint64_t>(end - last);
    // The ledger numbers the batches of a gateway without gaps (rule G3).
    const auto newest = ledger::last_batch(chain.state(), slot);
    if (chain.has_failed()) {
        return fail(std::errc::resource_unavailable_try_again, "the gateway ledger cannot be read");
    }
    if (newest && newest->batch_no > audit.batches) audit.batches_lost = newest->batch_no - audit.batches;
    return audit;
}

}  // namespace assay::gateway
