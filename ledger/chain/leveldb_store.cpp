#include "ledger/chain/leveldb_store.hpp"

#include <system_error>

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "host/base/file.hpp"

namespace assay::ledger {
namespace {

leveldb::Slice slice(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView view(const leveldb::Slice& bytes) {
    return as_bytes(std::string_view(bytes.data(), bytes.size()));
}

Error to_error(const leveldb::Status& status, const std::string& what) {
    return Error(std::make_error_code(std::errc::io_error), what + ": " + status.ToString());
}

class LevelDbStore final : public KeyValueStore {
  public:
    explicit LevelDbStore(std::unique_ptr<leveldb::DB> db) : db_{std::move(db)} {
        read_options_.verify_checksums = true;
    }

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure_) return std::nullopt;
        std::string value;
        const leveldb::Status status = db_->Get(read_options_, slice(key), &value);
        if (status.ok()) return to_bytes(value);
        if (!status.IsNotFound()) failure_ = to_error(status, "read ledger database");
        return std::nullopt;
    }

    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure_) return;
        const std::unique_ptr<leveldb::Iterator> it{db_->NewIterator(read_options_)};
        for (it->Seek(slice(prefix)); it->Valid(); it->Next()) {
            if (!it->key().starts_with(slice(prefix))) break;
            if (!visit(view(it->key()), view(it->value()))) break;
        }
        if (!it->status().ok()) failure_ = to_error(it->status(), "read ledger database");
    }

    [[nodiscard]] Result<void> write_synced(const WriteBatch& batch) override {
        if (failure_) return fail(*failure_);
        leveldb::WriteBatch updates;
        for (const auto& [key, value] : batch.operations()) {
            if (value) {
                updates.Put(slice(key), slice(*value));
            } else {
                updates.Delete(slice(key));
            }
        }
        leveldb::WriteOptions options;
        options.sync = true;
        const leveldb::Status status = db_->Write(options, &updates);
        if (status.ok()) return {};
        failure_ = to_error(status, "write ledger database");
        return fail(*failure_);
    }

    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return failure_; }

  private:
    std::unique_ptr<leveldb::DB> db_;
    leveldb::ReadOptions read_options_;
    mutable std::optional<Error> failure_;
};

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_leveldb(const std::filesystem::path& dir) {
    if (auto made = create_directories_durable(dir); !made) return fail(std::move(made).error());
    leveldb::Options options;
    options.create_if_missing = true;
    leveldb::DB* db = nullptr;
    const leveldb::Status status = leveldb::DB::Open(options, dir.string(), &db);
    if (!status.ok()) return fail(to_error(status, "open ledger database " + dir.string()));
    return std::make_unique<LevelDbStore>(std::unique_ptr<leveldb::DB>(db));
}

}  // namespace assay::ledger
