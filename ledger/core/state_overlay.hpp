// Changes held in memory over a state that they leave untouched: the state after a block or a
// transaction that is still being checked. Used by block validation, the mempool and tests.
// One owner at a time.

#pragma once

#include <map>
#include <optional>

#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

// A state without entries: the ground under the overlay of a test or of a new ledger.
class EmptyState final : public StateView {
  public:
    [[nodiscard]] std::optional<Bytes> get(ByteView) const override { return std::nullopt; }
    void for_each(ByteView, const Visitor&) const override {}
};

class StateOverlay final : public StateWriter {
  public:
    // `base` must outlive the overlay.
    explicit StateOverlay(const StateView& base) noexcept : base_{&base} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override;
    void for_each(ByteView prefix, const Visitor& visit) const override;
    void put(ByteView key, ByteView value) override;
    void erase(ByteView key) override;

    // Key to new value, or to nothing where the key was erased.
    using Changes = std::map<Bytes, std::optional<Bytes>>;
    [[nodiscard]] const Changes& changes() const noexcept { return changes_; }
    void clear() noexcept { changes_.clear(); }

  private:
    const StateView* base_;
    Changes changes_;
};

// The part of a state whose keys start with one byte, seen without it.
class StatePartView final : public StateView {
  public:
    // `whole` must outlive the part.
    StatePartView(const StateView& whole, char first) noexcept : whole_{&whole}, first_{first} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override;
    void for_each(ByteView prefix, const Visitor& visit) const override;

  private:
    const StateView* whole_;
    char first_;
};

// The same, writable.
class StatePart final : public StateWriter {
  public:
    StatePart(StateWriter& whole, char first) noexcept
        : whole_{&whole}, view_{whole, first}, first_{first} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override { return view_.get(key); }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        view_.for_each(prefix, visit);
    }
    void put(ByteView key, ByteView value) override;
    void erase(ByteView key) override;

  private:
    StateWriter* whole_;
    StatePartView view_;
    char first_;
};

}  // namespace assay::ledger
