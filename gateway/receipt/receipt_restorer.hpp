// Puts back what a gateway lost: batches of its own that are on its ledger and not in its store, which
// was lost or restored from an older copy. Their receipts come from those that wait here still, from
// the blobs on this disk, or from another member; each is what the ledger says or is not taken.
//
// Until that is done the store is held: no new receipt is taken, none is attested, no batch made, so
// that what is on the ledger already never gets there again. What nobody gives within a minute counts
// as lost, is told, and is asked for every ten minutes from then on. Io thread only.

#pragma once

#include <chrono>
#include <functional>
#include <map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/receipt/blob_files.hpp"
#include "gateway/receipt/ledger_batches.hpp"
#include "gateway/wakeup.hpp"

namespace assay::gateway {

// The blob of this hash and size from another member of the ledger, checked.
using FetchBlob =
    std::function<boost::asio::awaitable<Result<Bytes>>(Sha256Digest hash, std::size_t bytes)>;

// All outlive the restorer.
struct RestorerParts {
    boost::asio::any_io_executor executor;
    ReceiptStore& store;
    const ledger::Chain& chain;
    ledger::Slot slot;  // of this gateway
    std::function<std::uint64_t()> final_size;
    const BlobFiles& blobs;
    FetchBlob fetch;
    // What was dropped and is to be attested again (ReceiptStore::restore).
    std::function<void(std::vector<ledger::ReceiptBody>)> attest_again;
    std::chrono::milliseconds patience{60'000};  // until what nobody gives counts as lost
    std::chrono::milliseconds asks_again{600'000};
};

class ReceiptRestorer {
  public:
    explicit ReceiptRestorer(RestorerParts parts)
        : parts_{std::move(parts)}, wakeup_{parts_.executor} {}

    // Holds the store if it lacks batches. To be called before receipts are taken, and whenever the
    // ledger has changed: a few reads.
    void look();
    // Until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();
    // What run() does at a time: true once nothing is lacking but what counts as lost.
    [[nodiscard]] boost::asio::awaitable<Result<bool>> restore_some();
    // One try for each batch that counts as lost.
    [[nodiscard]] boost::asio::awaitable<Result<void>> seek_lost();

  private:
    using Found = std::map<std::uint64_t, ledger::BlockHeight>;  // batches by number, and their block

    [[nodiscard]] boost::asio::awaitable<Found> find_from(std::uint64_t first);
    [[nodiscard]] std::optional<LedgerBatch> read_batch(const Found& found, std::uint64_t batch_no) const;
    [[nodiscard]] bool has_others() const;
    [[nodiscard]] Result<bool> drop_overtaken();
    [[nodiscard]] boost::asio::awaitable<Result<void>> restore(const LedgerBatch& batch);
    [[nodiscard]] Result<bool> restore_from_waiting(const LedgerBatch& batch);
    [[nodiscard]] Result<void> put_back(const LedgerBatch& batch, ByteView blob);
    [[nodiscard]] Result<void> put_back(const LedgerBatch& batch, std::span<const ByteView> receipts);
    [[nodiscard]] Result<void> give_up(std::uint64_t batch_no,
                                       const std::optional<LedgerBatch>& batch,
                                       const Error& why);

    RestorerParts parts_;
    Wakeup wakeup_;
    std::optional<std::chrono::steady_clock::time_point> since_;  // it has been held
    std::chrono::steady_clock::time_point asked_{};               // for what is lost
};

}  // namespace assay::gateway
