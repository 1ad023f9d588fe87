// The store of a chain: LevelDB in DIR/chain.db, the bytes of blocks in DIR/blocks (block_files.hpp).
// To the chain it is one key/value store; the values of table b (chain_keys.hpp) are in the files,
// their places in the database.
//
// Order of writing, for each batch: the blocks are appended and fdatasync'ed, then one synced
// database batch holds everything else: entries, state, undo records, the tip, the places of those
// blocks and how far the files reach. So a batch is on the disk when that database batch is. After a
// cut before it, the files hold bytes that nothing names, which the next start cuts off; after it,
// all is there.

#pragma once

#include <filesystem>
#include <memory>

#include "ledger/chain/block_files.hpp"
#include "ledger/chain/key_value_store.hpp"

namespace assay::ledger {

// Errors as in leveldb_store.hpp.
[[nodiscard]] Result<std::unique_ptr<KeyValueStore>> open_chain_store(
    const std::filesystem::path& dir, std::uint64_t file_bytes = kBlockFileBytes);

[[nodiscard]] std::filesystem::path database_of(const std::filesystem::path& dir);
[[nodiscard]] std::filesystem::path block_files_of(const std::filesystem::path& dir);

}  // namespace assay::ledger
