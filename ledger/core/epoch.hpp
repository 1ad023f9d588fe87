// The NODE members that seal, vote and cosign from one block to another, with the keys that headers
// and votes are checked with, and the numbers that follow from how many they are (ledger rule M1).
//
// A function of chain bytes only: epoch 0 is that of the genesis; a later one is carried whole by
// the transaction that begins it. Immutable and shared: contexts of blocks point to it. Thread-safe.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ledger/core/epoch_record.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {

struct EpochNode {
    Slot slot = 0;
    crypto::PublicKey seal, vote;
};

class Epoch {
  public:
    [[nodiscard]] static std::shared_ptr<const Epoch> make(EpochRecord record);
    // Epoch 0: the active NODE members of the genesis.
    [[nodiscard]] static std::shared_ptr<const Epoch> first(const ChainId& chain_id,
                                                            const Registry& registry);

    [[nodiscard]] std::uint32_t number() const noexcept {
        return static_cast<std::uint32_t>(record_.epoch);
    }
    [[nodiscard]] const EpochRecord& record() const noexcept { return record_; }
    // SHA-256 of the record: its name.
    [[nodiscard]] const Sha256Digest& record_hash() const noexcept { return record_hash_; }

    // Null unless the slot is a node's in this epoch.
    [[nodiscard]] const EpochNode* find_node(Slot slot) const noexcept;

    // N
    [[nodiscard]] std::size_t node_count() const noexcept { return nodes_.size(); }
    // s = floor(N/2) + 1: of s blocks in a row no two are by the same member.
    [[nodiscard]] std::uint32_t diversity_window() const noexcept;
    // m = floor(2N/3) + 1 votes make a certificate, as many cosignatures a checkpoint.
    [[nodiscard]] std::size_t quorum() const noexcept { return 2 * nodes_.size() / 3 + 1; }
    // f = floor((N-1)/3): so many members may be down or lie, and finality still holds.
    [[nodiscard]] std::size_t faults_tolerated() const noexcept { return (nodes_.size() - 1) / 3; }

  private:
    explicit Epoch(EpochRecord record);

    EpochRecord record_;
    Sha256Digest record_hash_;
    std::vector<EpochNode> nodes_;  // ascending slots, never empty
};

}  // namespace assay::ledger
