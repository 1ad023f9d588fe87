// The key/value store on LevelDB. Every read verifies checksums; every write is synced, and so is
// the folder whenever its entries change (leveldb_env.hpp). One thread may write while another reads.
//
// Errors tell what helps: Refusal::kMalformed is damage, which stays; std::errc::io_error is a disk
// that would not; anything else (no space, no permission, in use elsewhere) has its own code and is
// no fault of what is stored.

#pragma once

#include <filesystem>
#include <memory>

#include "ledger/chain/key_value_store.hpp"

namespace assay::ledger {

// Creates the folder if it is missing. Fails with std::errc::resource_unavailable_try_again if it is
// open already.
[[nodiscard]] Result<std::unique_ptr<KeyValueStore>> open_leveldb(const std::filesystem::path& dir);

// Makes what can still be read of a damaged store openable; the rest is lost.
[[nodiscard]] Result<void> salvage_leveldb(const std::filesystem::path& dir);

}  // namespace assay::ledger
