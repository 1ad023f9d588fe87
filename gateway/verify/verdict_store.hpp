// What this gateway has found out about releases, kept over restarts: which images it has verified
// in whole, and which releases it has refused for good and why. Io thread only.

#pragma once

#include <optional>

#include "host/base/result.hpp"
#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

class VerdictStore {
  public:
    // `store` outlives this object, which owns the keys that start with 'v'.
    explicit VerdictStore(ledger::KeyValueStore& store) : store_{&store} {}

    [[nodiscard]] bool is_verified(const ledger::LeafHash& release) const;
    // The refusal, if it was refused.
    [[nodiscard]] std::optional<Error> refusal(const ledger::LeafHash& release) const;

    // Both are on disk when they return.
    [[nodiscard]] Result<void> mark_verified(const ledger::LeafHash& release);
    [[nodiscard]] Result<void> mark_refused(const ledger::LeafHash& release,
                                            Refusal word,
                                            const std::string& detail);

  private:
    ledger::KeyValueStore* store_;
};

}  // namespace assay::gateway
