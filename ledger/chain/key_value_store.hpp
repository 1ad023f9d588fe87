// What a chain needs of a database: ordered keys, and writes that are all there or not at all.
// LevelDB is behind it (leveldb_store.cpp). One owner at a time.
//
// A store that failed once stays failed: reads then find nothing, writes are refused. So a decision
// taken on a failed read never reaches the disk.

#pragma once

#include <optional>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/rule_set.hpp"

namespace assay::ledger {

class WriteBatch {
  public:
    struct Operation {
        Bytes key;
        std::optional<Bytes> value;  // nothing: erase the key
    };

    void put(ByteView key, ByteView value) {
        operations_.push_back({to_bytes(key), to_bytes(value)});
    }
    void erase(ByteView key) { operations_.push_back({to_bytes(key), std::nullopt}); }

    [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
    [[nodiscard]] bool is_empty() const noexcept { return operations_.empty(); }

  private:
    std::vector<Operation> operations_;
};

class KeyValueStore : public StateView {
  public:
    // All operations in their order or none; on the disk (fsync) when it returns.
    [[nodiscard]] virtual Result<void> write_synced(const WriteBatch& batch) = 0;

    // Why the store failed, if it did.
    [[nodiscard]] virtual const std::optional<Error>& failure() const noexcept = 0;

    // `size` bytes of a value from `offset` on, which may not have been checked against damage; nothing
    // if it is not that long.
    [[nodiscard]] virtual std::optional<Bytes> get_part(ByteView key,
                                                        std::size_t offset,
                                                        std::size_t size) const {
        const auto value = get(key);
        if (!value || offset > value->size() || size > value->size() - offset) return std::nullopt;
        return to_bytes(ByteView(*value).subspan(offset, size));
    }

    // `blocks` are the keys of table b (chain_keys.hpp) that hold the oldest blocks still needed, one of
    // each branch: gives back to the disk what lies before all of them.
    [[nodiscard]] virtual Result<void> free_files_before(std::span<const Bytes> /*blocks*/) {
        return {};
    }

    // Reads the next `entries` that are stored and their checksums, from the first again after the
    // last; damage becomes the failure(). Returns whether the last was among them. In memory nothing
    // decays.
    virtual bool check_next(std::size_t /*entries*/) { return true; }
};

}  // namespace assay::ledger
