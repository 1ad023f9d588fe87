// A store in front of another one that can hold writes back, so that many become one: a chain that
// catches up writes up to 1,024 blocks at once. What is held is read as if it were written. One
// owner at a time.

#pragma once

#include <memory>

#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/state_overlay.hpp"

namespace assay::ledger {

inline constexpr std::size_t kHeldBatchesMax = 1'024;
inline constexpr std::size_t kHeldBytesMax = std::size_t{32} << 20;

class HeldStore final : public KeyValueStore {
  public:
    explicit HeldStore(std::unique_ptr<KeyValueStore> below)
        : below_{std::move(below)}, held_{*below_} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        return failure() ? std::nullopt : held_.get(key);
    }
    [[nodiscard]] std::optional<Bytes> get_part(ByteView key,
                                                std::size_t offset,
                                                std::size_t size) const override {
        const bool is_held = held_.changes().contains(to_bytes(key));
        return is_held ? KeyValueStore::get_part(key, offset, size)
                       : below_->get_part(key, offset, size);
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure()) return;
        if (held_.changes().empty()) return below_->for_each(prefix, visit);
        held_.for_each(prefix, visit);
    }

    // Written and lost as one with those that follow, up to the next write_synced() or flush(), or
    // until it is enough.
    [[nodiscard]] Result<void> hold(const WriteBatch& batch);
    [[nodiscard]] Result<void> write_synced(const WriteBatch& batch) override;
    [[nodiscard]] Result<void> flush();
    [[nodiscard]] Result<void> free_files_before(std::span<const Bytes> blocks) override {
        if (auto flushed = flush(); !flushed) return flushed;
        return below_->free_files_before(blocks);
    }
    [[nodiscard]] bool holds_any() const noexcept { return batches_ > 0; }

    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return below_->failure();
    }
    bool check_next(std::size_t entries) override { return below_->check_next(entries); }

  private:
    std::unique_ptr<KeyValueStore> below_;
    StateOverlay held_;  // for reading
    WriteBatch to_write_;  // the same in the order in which it came: children after their parents
    std::size_t batches_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace assay::ledger
