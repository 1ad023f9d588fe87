#include "host/ipfs/block_store.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"
#include "host/base/file.hpp"
#include "host/ipfs/multibase.hpp"
#include "host/ipfs/pending_file.hpp"

namespace assay::ipfs {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSharding = "/repo/flatfs/shard/v1/next-to-last/2";
constexpr std::string_view kExtension = ".data";
// Kubo's name for the folder of unfinished files.
constexpr const char* kTemporary = ".temp";
// Every fdatasync makes the disk flush its cache, 4 ms each even on a fast one. From this many
// files on, one syncfs is faster (10 times with 64), although it waits for other programs, too.
constexpr std::size_t kSyncAllFrom = 8;
// What a killed process left behind is removed once no live one can still be writing it.
constexpr auto kTemporaryAge = std::chrono::hours(1);
constexpr const char* kLeaseFile = "writers.lock";

// Everything written to the filesystem of `folder` so far, files and folders.
Result<void> sync_filesystem(const fs::path& folder) {
    auto handle = FileHandle::open(folder, O_RDONLY | O_DIRECTORY);
    if (!handle) return fail(std::move(handle).error());
    if (::syncfs(handle->fd()) != 0) return fail_by_errno("syncfs " + folder.string());
    return {};
}

void remove_old_temporaries(const fs::path& folder) {
    std::error_code error;
    const auto now = fs::file_time_type::clock::now();
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        const auto written = it->last_write_time(ignored);
        if (!ignored && now - written > kTemporaryAge) fs::remove(it->path(), ignored);
    }
}

fs::path path_in(const fs::path& blocks, const Cid& cid) {
    std::string key = encode_digits(Base::kBase32, cid.multihash());
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    // The last character holds few bits, so the two before it choose the folder.
    const std::string shard = key.substr(key.size() - 3, 2);
    return blocks / shard / key.append(kExtension);
}

Result<void> sync_each(const std::vector<PendingFile>& files) {
    for (const PendingFile& file : files) {
        if (auto synced = file.sync(); !synced) return synced;
    }
    return {};
}

Result<void> check_sharding(const fs::path& blocks) {
    const fs::path file = blocks / "SHARDING";
    auto content = read_file(file, 256);
    if (!content) {
        if (!content.error().is(std::errc::no_such_file_or_directory)) {
            return fail(std::move(content).error());
        }
        auto pending =
            PendingFile::write(blocks / kTemporary, file, as_bytes(std::string(kSharding) + "\n"));
        if (!pending) return fail(std::move(pending).error());
        if (auto synced = pending->sync(); !synced) return synced;
        if (auto published = pending->publish(); !published) return published;
        return sync_directory(blocks);
    }
    std::string_view text = as_text(*content);
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text == kSharding) return {};
    return fail(Refusal::kUnknownVersion, file.string() + " says '" + std::string(text) +
                                              "'; only " + std::string(kSharding) +
                                              " can be read (convert it with Kubo's flatfs tool)");
}

// What lies in one folder; files that are no blocks of ours are left out.
Result<std::vector<StoredBlock>> list_blocks(const fs::path& folder) {
    std::vector<StoredBlock> out;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto multihash = decode_digits(Base::kBase32, it->path().stem().string());
        if (!multihash || it->path().extension() != kExtension) continue;
        Bytes cid_bytes{std::byte{1}, std::byte{static_cast<unsigned char>(Codec::kRaw)}};
        append(cid_bytes, *multihash);
        auto cid = decode_cid(cid_bytes);
        std::error_code gone;
        const std::uintmax_t bytes = it->file_size(gone);
        if (cid && !gone) out.emplace_back(std::move(*cid), bytes);
    }
    if (error) return fail(error, "list " + folder.string());
    return out;
}

Result<void> unlink_if_there(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail_by_errno("remove " + path.string());
    }
    return {};
}

}  // namespace

Result<BlockStore> BlockStore::open(const fs::path& root) {
    BlockStore store(root);
    for (const fs::path& folder : {store.blocks() / kTemporary, root / "pins"}) {
        if (auto made = create_directories_durable(folder); !made) {
            return fail(std::move(made).error().within("block store"));
        }
    }
    if (auto checked = check_sharding(store.blocks()); !checked) {
        return fail(std::move(checked).error().within("block store"));
    }
    remove_old_temporaries(store.blocks() / kTemporary);
    return store;
}

fs::path BlockStore::path_of(const Cid& cid) const { return path_in(blocks(), cid); }

Result<std::uint64_t> BlockStore::size_of(const Cid& cid) const {
    if (cid.hash_code() == HashCode::kIdentity) return cid.digest().size();
    return assay::file_size(path_of(cid));
}

bool BlockStore::has(const Cid& cid) const { return size_of(cid).has_value(); }

Result<Bytes> BlockStore::get(const Cid& cid, std::size_t bytes_max) const {
    if (cid.hash_code() == HashCode::kIdentity) return to_bytes(cid.digest());
    return read_file(path_of(cid), bytes_max);
}

Result<FileHandle> BlockStore::lease() const {
    auto lock = FileHandle::open(root_ / kLeaseFile, O_RDWR | O_CREAT);
    if (!lock) return fail(std::move(lock).error().within("block store"));
    if (::flock(lock->fd(), LOCK_SH) != 0) return fail_by_errno("lock " + root_.string());
    return lock;
}

Result<FileHandle> BlockStore::lease_alone() const {
    auto lock = FileHandle::open(root_ / kLeaseFile, O_RDWR | O_CREAT);
    if (!lock) return fail(std::move(lock).error().within("block store"));
    if (::flock(lock->fd(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno != EWOULDBLOCK) return fail_by_errno("lock " + root_.string());
    return fail(std::errc::resource_unavailable_try_again,
                "an import or a download is under way in " + root_.string());
}

Result<void> BlockStore::put(const Cid& cid, ByteView bytes) {
    const Block block(cid, bytes);
    return put_many({&block, 1});
}

Result<void> BlockStore::put_many(std::span<const Block> blocks_to_put) {
    auto batch = BlockBatch::begin(*this);
    if (!batch) return fail(std::move(batch).error());
    if (auto added = batch->add(blocks_to_put); !added) return added;
    return batch->commit();
}

Result<BlockBatch> BlockBatch::begin(const BlockStore& store) {
    auto lease = store.lease();
    if (!lease) return fail(std::move(lease).error());
    return BlockBatch(store.blocks(), std::move(*lease));
}

Result<void> BlockBatch::add(std::span<const Block> blocks) {
    for (const Block& block : blocks) {
        if (block.bytes.size() > kBlockBytesMax) {
            return fail(Refusal::kBlockTooLarge, block.cid.to_string() + " has " +
                                                     std::to_string(block.bytes.size()) + " bytes");
        }
        if (block.cid.hash_code() == HashCode::kIdentity) continue;  // its name holds it
        if (auto added = add_file(block); !added) return added;
    }
    return {};
}

Result<void> BlockBatch::add_file(const Block& block) {
    fs::path target = path_in(blocks_, block.cid);
    if (targets_.contains(target)) return {};
    // A file of the right size may be damaged; then it is replaced.
    const auto there = read_file(target, block.bytes.size());
    if (there && std::ranges::equal(*there, block.bytes)) return {};
    const fs::path folder = target.parent_path();
    if (::mkdir(folder.c_str(), 0755) == 0) {
        new_folders_ = true;
    } else if (errno != EEXIST) {
        return fail_by_errno("create folder " + folder.string());
    }
    auto written = PendingFile::write(blocks_ / kTemporary, target, block.bytes);
    if (!written) return fail(std::move(written).error());
    // Small chunks come by the thousand, more than a process may have files open.
    if (pending_.size() >= kSyncAllFrom) written->close();
    if (!there) created_.push_back(block.cid);
    targets_.insert(std::move(target));
    pending_.push_back(std::move(*written));
    return {};
}

Result<void> BlockBatch::commit() {
    std::vector<PendingFile> pending = std::exchange(pending_, {});
    targets_.clear();
    if (pending.empty()) return {};
    const bool sync_all = pending.size() >= kSyncAllFrom;
    // Contents first: a name must never stand for a file that a power cut empties.
    if (auto synced = sync_all ? sync_filesystem(blocks_) : sync_each(pending); !synced) {
        return synced;
    }
    std::set<fs::path> folders;
    if (std::exchange(new_folders_, false)) folders.insert(blocks_);
    for (PendingFile& block : pending) {
        if (auto published = block.publish(); !published) return published;
        folders.insert(block.target().parent_path());
    }
    if (sync_all) return sync_filesystem(blocks_);
    for (const fs::path& folder : folders) {
        if (auto synced = sync_directory(folder); !synced) return synced;
    }
    return {};
}

Result<void> BlockStore::remove(const Cid& cid) {
    return unlink_if_there(path_of(cid));
}

Result<void> BlockStore::set_aside(const Cid& cid) {
    const fs::path from = path_of(cid);
    const fs::path folder = damaged();
    if (auto made = create_directories_durable(folder); !made) return made;
    if (::rename(from.c_str(), (folder / from.filename()).c_str()) != 0 && errno != ENOENT) {
        return fail_by_errno("set aside " + from.string());
    }
    if (auto synced = sync_directory(folder); !synced) return synced;
    return sync_directory(from.parent_path());
}

Result<std::vector<Cid>> BlockStore::damaged_blocks() const {
    const auto aside = list_blocks(damaged());
    if (!aside && aside.error().is(std::errc::no_such_file_or_directory)) return std::vector<Cid>();
    if (!aside) return fail(aside.error());
    std::vector<Cid> cids;
    for (const StoredBlock& block : *aside) cids.push_back(block.cid);
    return cids;
}

Result<std::vector<Cid>> BlockStore::lost_blocks() const {
    auto lost = damaged_blocks();
    if (lost) std::erase_if(*lost, [this](const Cid& cid) { return has(cid); });
    return lost;
}

Result<void> BlockStore::forget_lost(const Cid& cid) {
    return unlink_if_there(damaged() / path_of(cid).filename());
}

Result<std::vector<std::string>> BlockStore::shards() const {
    constexpr std::size_t kShardLetters = 2;
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_iterator it(blocks(), error), end; !error && it != end;
         it.increment(error)) {
        std::string name = it->path().filename().string();
        if (name.size() == kShardLetters && it->is_directory()) out.push_back(std::move(name));
    }
    if (error) return fail(error, "list " + blocks().string());
    std::sort(out.begin(), out.end());
    return out;
}

Result<std::vector<StoredBlock>> BlockStore::blocks_in(const std::string& shard) const {
    return list_blocks(blocks() / shard);
}

Result<StoreStat> BlockStore::stat() const {
    StoreStat total;
    std::error_code error;
    for (fs::recursive_directory_iterator it(blocks(), error), end; !error && it != end;
         it.increment(error)) {
        if (it->path().extension() != kExtension) continue;
        std::error_code gone;
        const std::uintmax_t bytes = it->file_size(gone);
        if (gone) continue;
        ++total.blocks;
        total.bytes += bytes;
    }
    if (error) return fail(error, "walk " + blocks().string());
    return total;
}

}  // namespace assay::ipfs
