// The key/value store on LevelDB. Every read verifies checksums; every write is synced.

#pragma once

#include <filesystem>
#include <memory>

#include "ledger/chain/key_value_store.hpp"

namespace assay::ledger {

// Creates the folder if it is missing. Fails if another process has it open.
[[nodiscard]] Result<std::unique_ptr<KeyValueStore>> open_leveldb(const std::filesystem::path& dir);

}  // namespace assay::ledger
