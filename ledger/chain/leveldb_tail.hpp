// The end of a file of LevelDB's log format (doc/log_format.md in its sources): its logs and manifests.
//
// A power cut in the midst of a write can leave noise where that write was to be. LevelDB, told to be
// strict, takes it for damage and does not open. It is none if nothing sound follows: every write
// before it was synced and is whole, and this one was never acknowledged. (Should the last record
// have been whole once and decayed since, one write is lost that way. Others have it: blocks and
// transactions the members, receipts the device.)

#pragma once

#include <filesystem>

#include "host/base/result.hpp"

namespace assay::ledger {

// Cuts off what follows the last sound record, if nothing sound comes after it; returns whether there
// was something to cut.
[[nodiscard]] Result<bool> cut_torn_tail(const std::filesystem::path& file);

}  // namespace assay::ledger
