// The way back over a block: for each key that connecting it changed, the value before. Pure.

#pragma once

#include "host/base/bytes.hpp"
#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/state_overlay.hpp"

namespace assay::ledger {

// `before` is the state that the changes were made on.
[[nodiscard]] Bytes encode_undo(const StateOverlay::Changes& changes, const StateView& before);
// Adds to `batch` what puts the state back. False if `undo` is damaged.
[[nodiscard]] bool apply_undo(ByteView undo, WriteBatch& batch);

}  // namespace assay::ledger
