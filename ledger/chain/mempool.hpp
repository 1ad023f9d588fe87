// The transactions that wait for a block, in the order in which they would enter one, each also in
// the database. Which may enter is for the chain to say. One owner at a time.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::ledger {

inline constexpr std::size_t kMempoolTxsMax = 20'000;
inline constexpr std::size_t kMempoolTxsOfSlotMax = 256;
inline constexpr std::size_t kMempoolBytesMax = 64 * 1024 * 1024;

class Mempool {
  public:
    struct Entry {
        TxId id;
        LeafHash leaf;
        Slot slot = 0;
        TxType type = TxType::kRelease;
        BlockHeight valid_until = 0;
        Bytes bytes;
        // For each signature the key that it was found good under when the transaction came.
        std::vector<std::optional<crypto::PublicKey>> verified_by;
        bool is_ready = false;  // passed the rules on top of the tip and of the entries before
    };
    using Entries = std::map<std::uint64_t, Entry>;  // by order

    // Fails if an entry of the database does not decode.
    [[nodiscard]] static Result<Mempool> load(const StateView& database);

    [[nodiscard]] bool contains(const TxId& id) const { return orders_.contains(id); }
    [[nodiscard]] const Entry* find(const TxId& id) const;
    [[nodiscard]] const Entries& entries() const noexcept { return entries_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    // Refusal::kMempoolFull if one more transaction of `bytes` by `slot` is too much.
    [[nodiscard]] Result<void> check_room(Slot slot, std::size_t bytes) const;

    // Whether `txs` are the first that wait, in this order, and were ready.
    [[nodiscard]] bool begins_with(std::span<const Transaction> txs) const;

    // Each changes the memory at once and adds the same change of the database to `batch`.
    void add_last(const Transaction& tx, WriteBatch& batch);
    // For transactions of a block that is disconnected: they were first once.
    void add_first(const Transaction& tx, WriteBatch& batch);
    // No effect if `id` does not wait.
    void remove(const TxId& id, WriteBatch& batch);

    // Spares a transaction that waits, and so has been verified, another verification.
    void note_verified(Transaction& tx) const;

    void set_ready(std::uint64_t order, bool is_ready) { entries_.at(order).is_ready = is_ready; }

  private:
    void add(std::uint64_t order, const Transaction& tx);

    Entries entries_;
    std::unordered_map<TxId, std::uint64_t> orders_;
    std::map<Slot, std::size_t> of_slot_;
    std::size_t bytes_ = 0;
};

}  // namespace assay::ledger
