// What has become final in a run, by whichever honest member got there first, judged anew from the
// blocks' bytes, whatever rules are switched off: that every block, certificate and epoch is of the
// epoch that the final blocks below say, and that nothing becomes final twice. One thread.

#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ledger/core/epoch_record.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "ledger/core/transaction.hpp"
#include "tests/sim/founders.hpp"

namespace assay::sim {

struct FinalBlock {
    ledger::BlockId id;
    Sha256Digest epoch;  // hash of the record that governs it
    std::uint32_t time = 0;
    ledger::BlockHeight justified = 0;  // the highest up to here
    std::vector<ledger::TxId> txs;
};

class FinalLedger {
  public:
    explicit FinalLedger(const Founders& founders);

    // The block after the newest. What is wrong with it, or nothing.
    [[nodiscard]] std::optional<std::string> add(const ledger::BlockId& id, ByteView block);

    [[nodiscard]] ledger::BlockHeight height() const noexcept {
        return static_cast<ledger::BlockHeight>(blocks_.size());
    }
    // Precondition: 0 < height <= height().
    [[nodiscard]] const FinalBlock& at(ledger::BlockHeight height) const {
        return blocks_[height - 1];
    }
    [[nodiscard]] static const ledger::EpochMember* find_member(const ledger::EpochRecord& record,
                                                                ledger::Slot slot);
    // Governs the next block.
    [[nodiscard]] const ledger::EpochRecord& epoch() const { return epochs_.rbegin()->second; }
    [[nodiscard]] std::uint64_t log_size() const noexcept { return log_size_; }

    // Releases that were recalled, and in which block.
    [[nodiscard]] const std::map<ledger::LeafHash, ledger::BlockHeight>& recalled() const noexcept {
        return recalled_;
    }
    // In the order of the ledger, which is that of their numbers.
    [[nodiscard]] std::span<const ledger::ReceiptBatch> batches_of(ledger::Slot slot) const {
        const auto found = batches_.find(slot);
        return found == batches_.end() ? std::span<const ledger::ReceiptBatch>() : found->second;
    }

    // By kind of transaction, "release" for example.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& records() const noexcept {
        return records_;
    }
    [[nodiscard]] std::uint64_t joined() const noexcept { return joined_; }
    [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

  private:
    [[nodiscard]] const ledger::EpochRecord& epoch_at(ledger::BlockHeight height) const;
    [[nodiscard]] std::optional<std::string> check_certificate(ByteView extension);
    [[nodiscard]] std::optional<std::string> take(const ledger::Transaction& tx);
    [[nodiscard]] std::optional<std::string> begin_epoch(const ledger::Transaction& tx);

    const Founders& founders_;
    std::vector<FinalBlock> blocks_;                               // from height 1
    std::map<ledger::BlockHeight, ledger::EpochRecord> epochs_;    // by the first block they govern
    std::set<ledger::TxId> txs_;
    std::set<std::pair<ledger::Slot, std::uint32_t>> accused_;
    std::map<ledger::LeafHash, ledger::BlockHeight> recalled_;
    std::map<ledger::Slot, std::vector<ledger::ReceiptBatch>> batches_;
    std::map<std::string, std::uint64_t> records_;
    std::uint64_t log_size_ = 0;
    std::uint64_t joined_ = 0;
    std::uint64_t left_ = 0;
};

}  // namespace assay::sim
