// A chain's database in memory, for tests that open many chains, or let one fail. One owner at a
// time.

#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "ledger/chain/key_value_store.hpp"

namespace assay::test {

class MemoryStore final : public ledger::KeyValueStore {
  public:
    // From now on reads find nothing and writes are refused.
    void break_down() { failure_ = Error(std::make_error_code(std::errc::io_error), "disk"); }

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure_) return std::nullopt;
        const auto found = table_.find(to_bytes(key));
        return found == table_.end() ? std::nullopt : std::optional(found->second);
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure_) return;
        for (auto at = table_.lower_bound(to_bytes(prefix)); at != table_.end(); ++at) {
            const ByteView key = at->first;
            const bool is_in =
                key.size() >= prefix.size() && std::ranges::equal(key.first(prefix.size()), prefix);
            if (!is_in || !visit(key, at->second)) return;
        }
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        if (failure_) return fail(*failure_);
        for (const auto& each : batch.operations()) {
            if (each.value) {
                table_[each.key] = *each.value;
            } else {
                table_.erase(each.key);
            }
        }
        return {};
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return failure_; }

  private:
    std::map<Bytes, Bytes> table_;
    std::optional<Error> failure_;
};

}  // namespace assay::test
