// Damage to a ledger's store, and the background check that is to find it. Link assay_ledger_chain.

#pragma once

#include <filesystem>
#include <string_view>

#include <gtest/gtest.h>

#include "ledger/chain/chain.hpp"
#include "ledger/chain/leveldb_store.hpp"

namespace assay::test {

// The database in `chain_folder`, which no chain has open, loses all that it holds of one table.
inline void lose_table(const std::filesystem::path& chain_folder, char table) {
    const auto store = ledger::open_leveldb(chain_folder / "chain.db").value();
    ledger::WriteBatch batch;
    store->for_each(as_bytes(std::string_view(&table, 1)), [&](ByteView key, ByteView) {
        batch.erase(key);
        return true;
    });
    ASSERT_FALSE(batch.is_empty()) << table;
    ASSERT_TRUE(store->write_synced(batch));
}

// To the end of what is stored, or to the first damage.
inline void check_all(ledger::Chain& chain) {
    while (!chain.has_failed() && !chain.check_next()) {
    }
}

}  // namespace assay::test
