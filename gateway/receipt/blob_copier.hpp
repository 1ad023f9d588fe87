// Keeps a copy of the receipts of every final batch on the gateway ledger: its own gateway's from its
// store, the others' fetched from them or from whoever has a copy. So the receipts that devices were
// told are safe outlive the disk of the gateway that took them. Works in the background, one blob at a
// time. Io thread only; files are written by the pool.

#pragma once

#include <map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/receipt/blob_files.hpp"
#include "gateway/receipt/receipt_restorer.hpp"
#include "gateway/wakeup.hpp"

namespace assay::gateway {

// All outlive the copier.
struct CopierParts {
    boost::asio::any_io_executor executor;
    boost::asio::thread_pool& pool;
    const ReceiptStore& store;
    const ledger::Chain& chain;
    ledger::Slot slot;  // of this gateway
    std::function<std::uint64_t()> final_size;
    BlobFiles& blobs;
    FetchBlob fetch;
};

class BlobCopier {
  public:
    explicit BlobCopier(CopierParts parts)
        : parts_{std::move(parts)},
          looked_to_{parts_.blobs.complete_to()},
          wakeup_{parts_.executor} {}

    // The ledger has changed.
    void wake() { wakeup_.wake(); }
    // Until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();
    // What run() does at a time: looks for new batches and tries each that is not here yet once.
    [[nodiscard]] boost::asio::awaitable<void> copy_some();

    // Final batches whose blobs are not here yet.
    [[nodiscard]] std::size_t wanted() const noexcept { return wanted_.size(); }
    // Written since the start.
    [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }

  private:
    struct Wanted {
        Wanted(const LedgerBatch& found, ledger::BlockHeight at)
            : height{at},
              slot{found.slot},
              batch_no{found.batch.batch_no},
              bytes{found.batch.blob_bytes} {}
        ledger::BlockHeight height;
        ledger::Slot slot;
        std::uint64_t batch_no;
        std::uint64_t bytes;
    };
    [[nodiscard]] boost::asio::awaitable<void> look_for_new();
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> get(Sha256Digest hash, Wanted wanted);
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> encode_own(std::uint64_t batch_no);
    [[nodiscard]] boost::asio::awaitable<Result<void>> write(Sha256Digest hash, Bytes blob);
    void note_progress();

    CopierParts parts_;
    ledger::BlockHeight looked_to_;
    Wakeup wakeup_;
    std::map<Sha256Digest, Wanted> wanted_;
    std::uint64_t copied_ = 0;
};

}  // namespace assay::gateway
