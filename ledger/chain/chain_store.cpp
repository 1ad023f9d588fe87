#include "ledger/chain/chain_store.hpp"

#include <algorithm>

#include "ledger/chain/chain_keys.hpp"
#include "ledger/chain/leveldb_store.hpp"

namespace assay::ledger {
namespace {

bool is_block_key(ByteView key) {
    return !key.empty() && key.front() == static_cast<std::byte>(keys::kBlockTable);
}

class ChainStore final : public KeyValueStore {
  public:
    ChainStore(std::unique_ptr<KeyValueStore> database, BlockFiles files)
        : database_{std::move(database)}, files_{std::move(files)} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure()) return std::nullopt;
        auto value = database_->get(key);
        if (!value || !is_block_key(key)) return value;
        return block_at(*value);
    }
    [[nodiscard]] std::optional<Bytes> get_part(ByteView key,
                                                std::size_t offset,
                                                std::size_t size) const override {
        if (!is_block_key(key)) return KeyValueStore::get_part(key, offset, size);
        if (failure()) return std::nullopt;
        const auto value = database_->get(key);
        if (!value) return std::nullopt;
        const auto place = decode_block_place(*value);
        auto part = place ? files_.read_part(*place, offset, size)
                          : fail(Refusal::kMalformed, "place of a block");
        if (part) return *std::move(part);
        failure_ = std::move(part).error().within("read block");
        return std::nullopt;
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure()) return;
        database_->for_each(prefix, [&](ByteView key, ByteView value) {
            if (!is_block_key(key)) return visit(key, value);
            const auto block = block_at(value);
            return block && visit(key, *block);
        });
    }
    [[nodiscard]] Result<void> write_synced(const WriteBatch& batch) override {
        if (failure()) return fail(*failure());
        auto written = write(batch);
        if (!written && !failure()) failure_ = written.error();
        return written;
    }
    [[nodiscard]] Result<void> free_files_before(std::span<const Bytes> blocks) override {
        std::uint32_t first = files_.end().file;
        for (const Bytes& key : blocks) {
            const auto value = database_->get(key);
            const auto place = value ? decode_block_place(*value) : std::nullopt;
            if (!place) return {};  // damage, which others find
            first = std::min(first, place->at.file);
        }
        return files_.remove_before(first);
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return failure_ ? failure_ : database_->failure();
    }
    bool check_next(std::size_t entries) override { return database_->check_next(entries); }

  private:
    [[nodiscard]] Result<void> write(const WriteBatch& batch) {
        WriteBatch updates;
        const FilePosition before = files_.end();
        for (const auto& [key, value] : batch.operations()) {
            if (!value) {
                updates.erase(key);
            } else if (is_block_key(key)) {
                auto place = files_.append(*value);
                if (!place) return fail(std::move(place).error());
                updates.put(key, encode_place(*place));
            } else {
                updates.put(key, *value);
            }
        }
        if (files_.end() != before) {
            if (auto synced = files_.sync(); !synced) return synced;
            BlockPlace end;
            end.at = files_.end();
            updates.put(keys::files_end(), encode_place(end));
        }
        return database_->write_synced(updates);
    }
    [[nodiscard]] std::optional<Bytes> block_at(ByteView value) const {
        const auto place = decode_block_place(value);
        auto block = place ? files_.read(*place) : fail(Refusal::kMalformed, "place of a block");
        if (block) return *std::move(block);
        failure_ = std::move(block).error().within("read block");
        return std::nullopt;
    }

    std::unique_ptr<KeyValueStore> database_;
    BlockFiles files_;
    mutable std::optional<Error> failure_;
};

}  // namespace

std::filesystem::path database_of(const std::filesystem::path& dir) { return dir / "chain.db"; }
std::filesystem::path block_files_of(const std::filesystem::path& dir) { return dir / "blocks"; }

Result<std::unique_ptr<KeyValueStore>> open_chain_store(const std::filesystem::path& dir,
                                                        std::uint64_t file_bytes) {
    auto database = open_leveldb(database_of(dir));
    if (!database) return fail(std::move(database).error());
    BlockPlace end;
    if (const auto value = (*database)->get(keys::files_end())) {
        const auto known = decode_block_place(*value);
        if (!known) return fail(Refusal::kMalformed, "ledger database: the end of the block files");
        end = *known;
    }
    if ((*database)->failure()) return fail(*(*database)->failure());
    auto files = BlockFiles::open(block_files_of(dir), end.at, file_bytes);
    if (!files) return fail(std::move(files).error());
    return std::make_unique<ChainStore>(*std::move(database), *std::move(files));
}

}  // namespace assay::ledger
