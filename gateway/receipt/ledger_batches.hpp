// The receipt batches that a gateway ledger holds, read from its blocks: for copying their blobs
// (blob_copier.hpp), and for putting back those that a gateway lost (receipt_restorer.hpp). Pure.

#pragma once

#include <vector>

#include "gateway/receipt/receipt_store.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/receipt_batch.hpp"

namespace assay::gateway {

struct LedgerBatch {
    ledger::Slot slot = 0;  // of the gateway that made it
    ledger::ReceiptBatch batch;
    // As its gateway would record it; first and count are 0.
    BatchRecord record;
};

// Of the block at that height of the best chain; none if its body is not kept here.
[[nodiscard]] std::vector<LedgerBatch> batches_of_block(const ledger::Chain& chain,
                                                        ledger::BlockHeight height);

// Whether the ledger has a batch of this gateway, final or not, that the store neither has nor counts
// as lost: then no new one is made, and no new receipts are taken.
[[nodiscard]] bool lacks_batches(const ReceiptStore& store,
                                 const ledger::Chain& chain,
                                 ledger::Slot slot);

}  // namespace assay::gateway
