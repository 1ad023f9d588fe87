#include "ledger/chain/held_store.hpp"

namespace assay::ledger {

Result<void> HeldStore::hold(const WriteBatch& batch) {
    if (failure()) return fail(*failure());
    for (const auto& [key, value] : batch.operations()) {
        bytes_ += key.size();
        if (value) {
            held_.put(key, *value);
            to_write_.put(key, *value);
            bytes_ += value->size();
        } else {
            held_.erase(key);
            to_write_.erase(key);
        }
    }
    ++batches_;
    if (batches_ >= kHeldBatchesMax || bytes_ >= kHeldBytesMax) return flush();
    return {};
}

Result<void> HeldStore::write_synced(const WriteBatch& batch) {
    if (!holds_any()) return below_->write_synced(batch);
    if (auto held = hold(batch); !held) return held;
    return flush();
}

Result<void> HeldStore::flush() {
    if (failure()) return fail(*failure());
    if (!holds_any()) return {};
    auto written = below_->write_synced(to_write_);
    held_.clear();
    to_write_ = {};
    batches_ = bytes_ = 0;
    return written;
}

}  // namespace assay::ledger
