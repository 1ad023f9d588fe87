// Puts receipts onto the gateway ledger: in order, each exactly once, also across kill -9.
//
// Choosing the members of a batch, giving it its number and storing its signed bytes is one durable
// write (ReceiptStore::put_batch). From then on the same bytes are submitted until they are final;
// only then is the next batch made. The same receipts are signed anew only when never both signatures
// can count: the height up to which the old one is valid has passed without it; or the tx key was
// replaced, and the new batch takes the number of the old one.
//
// While the ledger has batches of this gateway that the store lost, none is made: they are put back
// first (receipt_restorer.hpp), which also drops a batch whose number one of them has for good.
//
// step() is synchronous and does at most one of these things, so that tests can stop it anywhere.

#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/receipt/receipt_store.hpp"
#include "gateway/wakeup.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/receipt_batch.hpp"

namespace assay::gateway {

struct RecorderOptions {
    std::chrono::seconds flush_age{60};  // a receipt waits at most that long for its batch
    std::uint64_t flush_count = ledger::kBatchReceiptsMax;
};

// The gateway ledger and its surroundings, as the recorder sees them.
struct RecorderLedger {
    const ledger::Chain& chain;
    std::function<Result<void>(ByteView transaction)> submit;
    std::function<std::uint64_t()> final_size;  // leaves under the newest quorum checkpoint
    std::function<ledger::ConsortiumHead()> consortium_head;  // its newest final block
};

struct BatchSigner {
    ledger::Slot slot = 0;
    std::string issuer;             // registry name of the slot
    const crypto::PrivateKey& key;  // the slot's tx key
};

class ReceiptRecorder {
  public:
    // `store`, the ledger and the key outlive the recorder.
    ReceiptRecorder(ReceiptStore& store,
                    RecorderLedger ledger,
                    BatchSigner signer,
                    const RecorderOptions& options);

    enum class Step {
        kIdle,       // nothing to record, or not yet
        kBatchMade,  // signed and on disk
        kSubmitted,  // handed to the node
        kWaiting,    // on its way to being final
    };
    // An error is worth a log line; the next step tries again.
    [[nodiscard]] Result<Step> step(Timestamp now);

    // Steps until cancelled, at each wake-up and at least every second.
    [[nodiscard]] boost::asio::awaitable<void> run(Wakeup& wakeup, const Clock& clock);

    // Receipts in batches that are final.
    [[nodiscard]] std::uint64_t on_ledger() const;

  private:
    [[nodiscard]] Result<void> check_ledger() const;
    [[nodiscard]] bool is_final(const BatchRecord& batch) const;
    [[nodiscard]] bool is_by_former_key(const BatchRecord& batch) const;
    [[nodiscard]] Result<Step> push(const BatchRecord& batch);
    [[nodiscard]] Result<Step> make_batch(Timestamp now);
    // Under the number that follows on the ledger.
    [[nodiscard]] Result<Step> sign_next(std::span<const StoredReceipt> receipts);

    ReceiptStore* store_;
    RecorderLedger ledger_;
    BatchSigner signer_;
    RecorderOptions options_;
};

}  // namespace assay::gateway
