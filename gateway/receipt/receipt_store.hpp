// The receipts this gateway has acknowledged, in the order in which they came, and the batches made
// of them. Acknowledged means on disk: add() returns after fsync, or, under a Deferral
// (gateway/group_commit.hpp), the caller waits for it. The same receipt again is known, not new;
// another one under a used counter is refused. Io thread only.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "device/protocol/receipt_name.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

// Counts the receipts of this gateway from 1, without gaps.
using ReceiptNumber = std::uint64_t;

struct StoredReceipt {
    ReceiptNumber number = 0;
    Timestamp received{};
    Bytes bytes;
};

// One receipt-batch transaction, as it was signed: the receipts first..first+count-1 and no others.
struct BatchRecord {
    std::uint64_t batch_no = 0;
    ReceiptNumber first = 0;
    std::uint64_t count = 0;
    LogHash root;
    ledger::LeafHash leaf;
    ledger::BlockHeight valid_until = 0;
    Bytes transaction;

    [[nodiscard]] ReceiptNumber end() const noexcept { return first + count; }
};

// A batch of this gateway on its ledger whose receipts are not here: the store was lost or restored
// from an older copy, and nobody had the blob.
struct LostBatch {
    std::uint64_t batch_no = 0;
    ledger::LeafHash leaf;  // this and the rest zero if its block is not kept here either
    std::uint64_t count = 0;
    std::uint64_t first_time = 0, last_time = 0;  // when the receipts were taken
};

class ReceiptStore {
  public:
    // kBehindMissing: not added, since the one that was to be before it is not here.
    enum class Added { kNew, kKnown, kBehindMissing };

    // `store` outlives this object, which owns the keys that start with 'r', 'i', 'l', 'b', 'a',
    // 'n' and 'x'.
    [[nodiscard]] static Result<ReceiptStore> open(ledger::KeyValueStore& store);

    // While held nothing new is added: what was lost is being put back first (receipt_restorer.hpp).
    void hold(bool is_held) noexcept { is_held_ = is_held; }
    [[nodiscard]] bool is_held() const noexcept { return is_held_; }

    // Fails with kReceiptReplayed if `counter` is used for other bytes, or lies below one that is;
    // with std::errc::resource_unavailable_try_again while held. `after`: one of the device's that was
    // acknowledged before it.
    [[nodiscard]] Result<Added> add(const crypto::KeyId& device_key,
                                    std::uint32_t counter,
                                    ByteView receipt,
                                    Timestamp now,
                                    const std::optional<protocol::ReceiptName>& after = {});
    [[nodiscard]] std::optional<ReceiptNumber> find(const protocol::ReceiptName& name) const;

    [[nodiscard]] std::uint64_t stored() const noexcept { return next_ - 1; }
    // Fails if one of them is missing on disk.
    [[nodiscard]] Result<std::vector<StoredReceipt>> read(ReceiptNumber first,
                                                          std::uint64_t count) const;

    // Those signed by that device key, ascending.
    [[nodiscard]] std::vector<ReceiptNumber> signed_by(const crypto::KeyId& device_key) const;

    // What the gateway attests itself (attestation_desk.hpp): one for each device, release and event.
    // Precondition of add: there is none yet.
    [[nodiscard]] Result<void> add_attested(const ledger::ReceiptBody& body,
                                            ByteView receipt,
                                            Timestamp now);
    [[nodiscard]] std::optional<ReceiptNumber> attested(const ledger::LedgerDeviceId& device,
                                                        const ledger::LeafHash& release,
                                                        ledger::ReceiptEvent event) const;
    // Of that device, ascending.
    [[nodiscard]] std::vector<ReceiptNumber> attested_of(const ledger::LedgerDeviceId& device) const;
    // Counts what is attested of one device from 1, without gaps.
    [[nodiscard]] std::uint32_t next_attested_counter(const ledger::LedgerDeviceId& device) const;
    // How many of stored() they are.
    [[nodiscard]] std::uint64_t attested_count() const noexcept { return attested_; }

    // A batch and the fact which receipts are in it are one write. Replaces a batch of that number
    // if it is of the same receipts; fails with std::errc::file_exists if it is of others.
    [[nodiscard]] Result<void> put_batch(const BatchRecord& batch);
    [[nodiscard]] const std::optional<BatchRecord>& newest_batch() const noexcept {
        return newest_batch_;
    }
    // Nothing if there is none of that number, or it is damaged.
    [[nodiscard]] std::optional<BatchRecord> batch(std::uint64_t batch_no) const;
    // The first receipt that is in no batch.
    [[nodiscard]] ReceiptNumber batched_end() const noexcept { return batched_end_; }
    // In ascending order; fails if one does not decode.
    [[nodiscard]] Result<std::vector<BatchRecord>> batches() const;

    // --- after a loss (receipt_restorer.hpp); in batches that stay nothing changes ---

    // The newest batch never counts, since another has its number for good: its receipts wait again.
    [[nodiscard]] Result<void> drop_newest_batch();
    // Puts a batch of the ledger back, behind those that are here: `receipts` are all of it, as its
    // blob has them, `batch` is what the ledger says (first and count aside). Of the receipts that
    // wait, those that are among them wait no more; what the gateway attested meanwhile is dropped
    // and returned, to be attested again with counters that are free. One write. Precondition: the
    // newest batch is final.
    [[nodiscard]] Result<std::vector<ledger::ReceiptBody>> restore(const BatchRecord& batch,
                                                                   std::span<const ByteView> receipts,
                                                                   Timestamp received);
    [[nodiscard]] Result<void> note_lost(const LostBatch& batch);
    // Ascending; empty in a store that never lost anything.
    [[nodiscard]] std::vector<LostBatch> lost_batches() const;
    [[nodiscard]] bool is_lost(std::uint64_t batch_no) const;

  private:
    explicit ReceiptStore(ledger::KeyValueStore& store) : store_{&store} {}
    [[nodiscard]] Result<void> load_newest();
    [[nodiscard]] std::uint32_t highest_counter(const crypto::KeyId& device_key) const;  // 0: none
    void recount();

    ledger::KeyValueStore* store_;
    ReceiptNumber next_ = 1;
    std::uint64_t attested_ = 0;
    bool is_held_ = false;
    std::optional<BatchRecord> newest_batch_;
    ReceiptNumber batched_end_ = 1;
};

}  // namespace assay::gateway
