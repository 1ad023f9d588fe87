#include "ledger/chain/leveldb_store.hpp"

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <system_error>

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "host/base/file.hpp"
#include "ledger/chain/leveldb_env.hpp"
#include "ledger/chain/leveldb_tail.hpp"

namespace assay::ledger {
namespace {

leveldb::Slice slice(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView view(const leveldb::Slice& bytes) {
    return as_bytes(std::string_view(bytes.data(), bytes.size()));
}

// LevelDB keeps of an errno only its text, at the end.
std::error_code code_of(const leveldb::Status& status) {
    if (status.IsCorruption()) return make_error_code(Refusal::kMalformed);
    const std::string text = status.ToString();
    if (text.ends_with("already held by process")) {
        return std::make_error_code(std::errc::resource_unavailable_try_again);
    }
    const auto ends_in = [&text](int number) {
        return text.ends_with(std::error_code(number, std::generic_category()).message());
    };
    for (const int number : {EIO, EREMOTEIO, EUCLEAN, ENXIO, ENODEV}) {
        if (ends_in(number)) return std::make_error_code(std::errc::io_error);
    }
    if (ends_in(ENOENT)) return make_error_code(Refusal::kMalformed);  // one of its own files
    for (const int number : {ENOSPC, EDQUOT, EAGAIN, EACCES, EPERM, EROFS, EMFILE, ENFILE, ENOMEM}) {
        if (ends_in(number)) return {number, std::generic_category()};
    }
    return std::make_error_code(std::errc::state_not_recoverable);  // the text says more
}

Error to_error(const leveldb::Status& status, const std::string& what) {
    return Error(code_of(status), what + ": " + status.ToString());
}

// LevelDB makes a new database where there is no CURRENT. Whatever else lies there is then lost, so
// it must be no more than what a database that was never finished has.
bool lost_its_current(const std::filesystem::path& dir) {
    std::error_code ignored;
    if (std::filesystem::exists(dir / "CURRENT", ignored)) return false;
    for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
        const auto extension = entry.path().extension();
        const std::string name = entry.path().filename().string();
        if (extension == ".ldb" || extension == ".log" ||
            (name.starts_with("MANIFEST-") && name != "MANIFEST-000001")) {
            return true;
        }
    }
    return false;
}

// The newest log and the newest manifest, which alone can have been in the midst of a write. Whether
// there was noise to cut off.
bool cut_torn_tails(const std::filesystem::path& dir) {
    std::filesystem::path log;
    std::filesystem::path manifest;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
        const bool is_manifest = entry.path().filename().string().starts_with("MANIFEST-");
        if (entry.path().extension() == ".log") log = std::max(log, entry.path());
        if (is_manifest) manifest = std::max(manifest, entry.path());
    }
    bool was_cut = false;
    for (const auto& path : {log, manifest}) {
        if (!path.empty()) was_cut = cut_torn_tail(path).value_or(false) || was_cut;
    }
    return was_cut;
}

// What an open database refers to, and outlives it.
struct Surroundings {
    DurableEnv env;
    NoDiary diary;

    leveldb::Options options() {
        leveldb::Options made;
        made.env = &env;
        made.info_log = &diary;
        made.create_if_missing = true;
        made.paranoid_checks = true;
        return made;
    }
};

class LevelDbStore final : public KeyValueStore {
  public:
    LevelDbStore(std::unique_ptr<Surroundings> surroundings, std::unique_ptr<leveldb::DB> db)
        : surroundings_{std::move(surroundings)}, db_{std::move(db)} {
        read_options_.verify_checksums = true;
    }

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure()) return std::nullopt;
        std::string value;
        const leveldb::Status status = db_->Get(read_options_, slice(key), &value);
        if (status.ok()) return to_bytes(value);
        if (!status.IsNotFound()) (void)fail_with(status, "read ledger database");
        return std::nullopt;
    }

    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure()) return;
        const std::unique_ptr<leveldb::Iterator> it{db_->NewIterator(read_options_)};
        for (it->Seek(slice(prefix)); it->Valid(); it->Next()) {
            if (!it->key().starts_with(slice(prefix))) break;
            if (!visit(view(it->key()), view(it->value()))) break;
        }
        if (!it->status().ok()) (void)fail_with(it->status(), "read ledger database");
    }

    [[nodiscard]] Result<void> write_synced(const WriteBatch& batch) override {
        if (const auto& failed = failure()) return fail(*failed);
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
        leveldb::Status status = db_->Write(options, &updates);
        if (status.ok()) status = surroundings_->env.failure();
        if (status.ok()) return {};
        return fail(fail_with(status, "write ledger database"));
    }

    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return has_failed_.load(std::memory_order_acquire) ? failure_ : no_failure_;
    }

    bool check_next(std::size_t entries) override {
        if (failure()) return false;
        leveldb::ReadOptions once = read_options_;
        once.fill_cache = false;
        const std::unique_ptr<leveldb::Iterator> it{db_->NewIterator(once)};
        it->Seek(slice(checked_to_));
        for (; entries > 0 && it->Valid(); --entries) it->Next();
        checked_to_ = it->Valid() ? to_bytes(view(it->key())) : Bytes{};
        if (!it->status().ok()) (void)fail_with(it->status(), "check ledger database");
        return checked_to_.empty();
    }

  private:
    // The first failure stays; a reader and a writer may have one at the same time.
    Error fail_with(const leveldb::Status& status, const std::string& what) const {
        const std::lock_guard lock(failing_);
        if (!failure_) {
            failure_ = to_error(status, what);
            has_failed_.store(true, std::memory_order_release);
        }
        return *failure_;
    }

    std::unique_ptr<Surroundings> surroundings_;
    std::unique_ptr<leveldb::DB> db_;
    Bytes checked_to_;  // check_next() goes on here
    leveldb::ReadOptions read_options_;
    mutable std::mutex failing_;
    mutable std::atomic<bool> has_failed_{false};
    mutable std::optional<Error> failure_;  // written once, before has_failed_
    const std::optional<Error> no_failure_;
};

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_leveldb(const std::filesystem::path& dir) {
    if (auto made = create_directories_durable(dir); !made) return fail(std::move(made).error());
    if (lost_its_current(dir)) {
        return fail(Refusal::kMalformed, "ledger database " + dir.string() + " lost its CURRENT");
    }
    auto surroundings = std::make_unique<Surroundings>();
    leveldb::DB* db = nullptr;
    leveldb::Status status = leveldb::DB::Open(surroundings->options(), dir.string(), &db);
    if (status.IsCorruption() && cut_torn_tails(dir)) {
        status = leveldb::DB::Open(surroundings->options(), dir.string(), &db);
    }
    std::unique_ptr<leveldb::DB> opened(db);
    if (status.ok()) status = surroundings->env.failure();
    if (!status.ok()) {
        opened.reset();  // before what it refers to
        return fail(to_error(status, "open ledger database " + dir.string()));
    }
    return std::make_unique<LevelDbStore>(std::move(surroundings), std::move(opened));
}

Result<void> salvage_leveldb(const std::filesystem::path& dir) {
    Surroundings surroundings;
    const leveldb::Status status = leveldb::RepairDB(dir.string(), surroundings.options());
    if (!status.ok()) return fail(to_error(status, "salvage ledger database " + dir.string()));
    return {};
}

}  // namespace assay::ledger
