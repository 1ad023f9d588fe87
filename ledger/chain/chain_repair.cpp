// A chain in a folder: opening it, and what is done when its store is damaged.
//
// A damaged store is moved to DIR/damaged, whose file `reason` says what was found. A new one is
// founded in its place and takes over, through all the checks that blocks of a peer would meet, every
// block that the old files still hold, and from the old database, as far as LevelDB can still read
// it, the transactions that waited and the newest certificates. When that is done, damaged/repaired
// is written. A start that finds `reason` without `repaired` goes on where the last one stopped.
// Only the newest damaged store is kept.

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/file.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"
#include "ledger/chain/chain_store.hpp"
#include "ledger/chain/leveldb_store.hpp"

namespace assay::ledger {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kReasonBytesMax = 64 * 1024;
// A disk that fails so often before everything on it was read once is taken for a damaged one.
constexpr int kIoFailuresMax = 3;

class FailedStore final : public KeyValueStore {
  public:
    explicit FailedStore(Error why) : why_{std::move(why)} {}
    [[nodiscard]] std::optional<Bytes> get(ByteView) const override { return std::nullopt; }
    void for_each(ByteView, const Visitor&) const override {}
    [[nodiscard]] Result<void> write_synced(const WriteBatch&) override { return fail(*why_); }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return why_; }

  private:
    std::optional<Error> why_;
};

fs::path damaged_of(const fs::path& dir) { return dir / "damaged"; }

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool repair_is_unfinished(const fs::path& dir) {
    return is_there(damaged_of(dir) / "reason") && !is_there(damaged_of(dir) / "repaired");
}

bool is_damage(const Error& error) { return error.is(Refusal::kMalformed); }

Result<void> remove_tree(const fs::path& path) {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) return fail(code, "remove " + path.string());
    return {};
}

// The names change one by one; repair_is_unfinished() holds from before the first.
Result<void> move_aside(const fs::path& dir) {
    const fs::path to = damaged_of(dir);
    for (const fs::path& from : {database_of(dir), block_files_of(dir)}) {
        const fs::path target = to / from.filename();
        if (is_there(target) || !is_there(from)) continue;
        std::error_code code;
        fs::rename(from, target, code);
        if (code) return fail(code, "move " + from.string() + " aside");
    }
    if (auto synced = sync_directory(to); !synced) return synced;
    return sync_directory(dir);
}

Result<void> begin_repair(const fs::path& dir, std::string_view damage) {
    const fs::path to = damaged_of(dir);
    // While the reason of a repair that is over goes with all the rest, it must not look unfinished.
    if (is_there(to)) {
        if (auto removed = remove_tree(to / "reason"); !removed) return removed;
        if (auto synced = sync_directory(to); !synced) return synced;
    }
    if (auto removed = remove_tree(to); !removed) return removed;
    if (auto made = create_directories_durable(to); !made) return made;
    return write_file_durable(to / "reason", as_bytes(damage));
}

}  // namespace

Result<std::unique_ptr<Chain>> Chain::open(const fs::path& dir,
                                           Bytes genesis_bytes,
                                           const RuleSet& rules,
                                           ChainOptions options) {
    const std::string where = "ledger in " + dir.string();
    auto genesis = decode_genesis(genesis_bytes);
    if (!genesis) return fail(std::move(genesis).error());
    std::unique_ptr<Chain> chain(
        new Chain(*std::move(genesis), std::move(genesis_bytes), rules, options));
    chain->dir_ = dir;
    if (auto opened = chain->open_folder(); !opened) {
        return fail(std::move(opened).error().within(where));
    }
    return chain;
}

Result<void> Chain::load_folder() {
    auto store = open_chain_store(dir_, options_.file_bytes);
    if (!store) return fail(std::move(store).error());
    return load(*std::move(store));
}

Result<void> Chain::open_folder() {
    if (repair_is_unfinished(dir_)) {
        const auto reason = read_file(damaged_of(dir_) / "reason", kReasonBytesMax);
        return rebuild(reason ? std::string(as_text(*reason)) : "unknown");
    }
    auto loaded = load_folder();
    if (!loaded && loaded.error().is(std::errc::io_error)) {  // which may pass
        use(std::make_unique<FailedStore>(loaded.error()));
        loaded = load_folder();
    }
    if (loaded || !(is_damage(loaded.error()) || loaded.error().is(std::errc::io_error))) {
        return loaded;
    }
    return rebuild(loaded.error().to_string());
}

Result<void> Chain::recover() {
    ASSAY_ASSERT(!dir_.empty() && has_failed());
    const auto cause = store_->failure();
    const std::string what = failure();
    const bool is_worn = cause && cause->is(std::errc::io_error) && ++io_failures_ >= kIoFailuresMax;
    const bool is_damaged = cause ? is_damage(*cause) || is_worn : broken_by_.has_value();
    use(std::make_unique<FailedStore>(Error(std::make_error_code(std::errc::io_error), what)));
    auto opened = is_damaged ? rebuild(what) : open_folder();
    if (!opened) use(std::make_unique<FailedStore>(opened.error()));
    return opened;
}

Result<void> Chain::rebuild(std::string damage) {
    use(std::make_unique<FailedStore>(Error(make_error_code(Refusal::kMalformed), damage)));
    if (!repair_is_unfinished(dir_)) {
        if (auto begun = begin_repair(dir_, damage); !begun) return begun;
    }
    if (auto moved = move_aside(dir_); !moved) return moved;
    auto founded = load_folder();
    if (!founded && is_damage(founded.error())) {  // what an earlier attempt has made
        use(std::make_unique<FailedStore>(founded.error()));
        for (const fs::path& path : {database_of(dir_), block_files_of(dir_)}) {
            if (auto removed = remove_tree(path); !removed) return removed;
        }
        founded = load_folder();
    }
    if (!founded) return founded;

    const fs::path old = damaged_of(dir_);
    ChainRepair done;
    done.damage = std::move(damage);
    done.old_store = old.string();
    done.blocks = take_over_blocks(old);
    done.transactions = take_over_database(old, done);
    if (auto flushed = flush(); !flushed) return flushed;
    if (has_failed()) return fail(std::errc::io_error, failure());
    const std::string report = std::to_string(done.blocks) + " blocks and " +
                               std::to_string(done.transactions) + " waiting transactions kept\n";
    io_failures_ = 0;
    repair_ = std::move(done);
    ++repairs_;
    return write_file_durable(old / "repaired", as_bytes(report));
}

// Each judged as of its own time: that its time had come was seen when it was stored.
std::uint64_t Chain::take_over_blocks(const fs::path& old) {
    std::uint64_t taken = 0;
    BlockFiles::for_each(block_files_of(old), [&](ByteView bytes) {
        const auto block = decode_block(bytes);
        if (!block) return true;
        const Timestamp time{std::chrono::seconds{block->header().time}};
        if (block->sealed.id() == id_at(0)) return true;
        const BlockVerdict verdict = accept_block(bytes, time, Durable::kLater).verdict;
        taken += verdict == BlockVerdict::kValid || verdict == BlockVerdict::kDuplicate ? 1 : 0;
        return !has_failed();
    });
    return taken;
}

// As much as there is: what cannot be read is no reason to stop.
std::uint64_t Chain::take_over_database(const fs::path& old, ChainRepair& done) {
    if (!is_there(database_of(old)) || !salvage_leveldb(database_of(old))) return 0;
    const auto database = open_leveldb(database_of(old));
    if (!database) return 0;
    if (const auto first = (*database)->get(keys::first_block()); first && first->size() == 4) {
        done.pruned_below = static_cast<BlockHeight>(keys::big_endian(*first));
    }
    for (const Bytes& key : {keys::justified(), keys::final_by()}) {
        const auto bytes = (*database)->get(key);
        if (!bytes) continue;
        if (const auto certificate = decode_certificate(*bytes)) {
            (void)accept_certificate(*certificate);
        }
    }
    if (const auto conflict = (*database)->get(keys::conflict())) {
        WriteBatch batch;
        note_conflict(std::string(as_text(*conflict)), batch);
        if (!batch.is_empty()) (void)write(batch);  // a failure is remembered by the store
    }
    std::vector<Bytes> waiting;
    (*database)->for_each(keys::table('m'), [&](ByteView, ByteView value) {
        waiting.push_back(to_bytes(value));
        return true;
    });
    return static_cast<std::uint64_t>(std::ranges::count_if(waiting, [this](const Bytes& tx) {
        return accept_transaction(tx, Durable::kLater).has_value();
    }));
}

}  // namespace assay::ledger
