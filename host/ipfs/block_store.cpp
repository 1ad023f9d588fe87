#include "host/ipfs/block_store.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/file.hpp"
#include "host/ipfs/multibase.hpp"

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

tl::unexpected<Error> fail_errno(std::string context) {
    return fail(std::error_code(errno, std::generic_category()), std::move(context));
}

// Everything written to the filesystem of `folder` so far, files and folders.
Result<void> sync_filesystem(const fs::path& folder) {
    auto handle = FileHandle::open(folder, O_RDONLY | O_DIRECTORY);
    if (!handle) return fail(std::move(handle).error());
    if (::syncfs(handle->fd()) != 0) return fail_errno("syncfs " + folder.string());
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

// A file that is written but does not yet have its name; removed unless it gets one.
class PendingFile {
  public:
    PendingFile(fs::path temporary, fs::path target, FileHandle handle)
        : temporary_{std::move(temporary)}, target_{std::move(target)}, file_{std::move(handle)} {}
    PendingFile(PendingFile&& other) noexcept
        : temporary_{std::exchange(other.temporary_, {})},
          target_{std::move(other.target_)},
          file_{std::move(other.file_)} {}
    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;
    PendingFile& operator=(PendingFile&&) = delete;
    ~PendingFile() {
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
    }

    [[nodiscard]] static Result<PendingFile> write(const fs::path& folder,
                                                   fs::path target,
                                                   ByteView bytes) {
        std::string name = (folder / "put-XXXXXX").string();
        const int fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd < 0) return fail_errno("create " + name);
        PendingFile pending(name, std::move(target), FileHandle(fd));
        if (::fchmod(fd, 0644) != 0) return fail_errno("chmod " + name);
        if (auto written = pending.file_.write_at(0, bytes); !written) {
            return fail(std::move(written).error().within(name));
        }
        return pending;
    }

    [[nodiscard]] Result<void> sync() const { return file_.sync(); }
    // For a file that is synced with all others.
    void close() noexcept { file_ = FileHandle(); }

    [[nodiscard]] Result<void> publish() {
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
            return fail_errno("rename to " + target_.string());
        }
        temporary_.clear();
        file_ = FileHandle();
        return {};
    }

    [[nodiscard]] fs::path target_folder() const { return target_.parent_path(); }

  private:
    fs::path temporary_;
    fs::path target_;
    FileHandle file_;
};

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

fs::path BlockStore::path_of(const Cid& cid) const {
    std::string key = encode_digits(Base::kBase32, cid.multihash());
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    // The last character holds few bits, so the two before it choose the folder.
    const std::string shard = key.substr(key.size() - 3, 2);
    return blocks() / shard / key.append(kExtension);
}

Result<std::uint64_t> BlockStore::size_of(const Cid& cid) const {
    return assay::file_size(path_of(cid));
}

bool BlockStore::has(const Cid& cid) const { return size_of(cid).has_value(); }

Result<Bytes> BlockStore::get(const Cid& cid, std::size_t bytes_max) const {
    return read_file(path_of(cid), bytes_max);
}

Result<void> BlockStore::put(const Cid& cid, ByteView bytes) {
    const Block block(cid, bytes);
    return put_many({&block, 1});
}

Result<void> BlockStore::put_many(std::span<const Block> blocks_to_put) {
    std::vector<PendingFile> pending;
    std::set<fs::path> targets;  // equal blocks in one window are written once
    bool new_folders = false;
    for (const Block& block : blocks_to_put) {
        if (block.bytes.size() > kBlockBytesMax) {
            return fail(Refusal::kBlockTooLarge, block.cid.to_string() + " has " +
                                                     std::to_string(block.bytes.size()) + " bytes");
        }
        fs::path target = path_of(block.cid);
        // A file of the right size may be damaged; then it is replaced.
        const auto there = read_file(target, block.bytes.size());
        if (there && std::ranges::equal(*there, block.bytes)) continue;
        if (!targets.insert(target).second) continue;
        const fs::path folder = target.parent_path();
        if (::mkdir(folder.c_str(), 0755) == 0) {
            new_folders = true;
        } else if (errno != EEXIST) {
            return fail_errno("create folder " + folder.string());
        }
        auto written = PendingFile::write(blocks() / kTemporary, std::move(target), block.bytes);
        if (!written) return fail(std::move(written).error());
        // Small chunks come by the thousand, more than a process may have files open.
        if (pending.size() >= kSyncAllFrom) written->close();
        pending.push_back(std::move(*written));
    }
    if (pending.empty()) return {};
    const bool sync_all = pending.size() >= kSyncAllFrom;
    if (auto synced = sync_all ? sync_filesystem(blocks()) : sync_each(pending); !synced) {
        return synced;
    }
    std::set<fs::path> folders;
    if (new_folders) folders.insert(blocks());
    for (PendingFile& block : pending) {
        if (auto published = block.publish(); !published) return published;
        folders.insert(block.target_folder());
    }
    if (sync_all) return sync_filesystem(blocks());
    for (const fs::path& folder : folders) {
        if (auto synced = sync_directory(folder); !synced) return synced;
    }
    return {};
}

Result<void> BlockStore::remove(const Cid& cid) {
    const fs::path path = path_of(cid);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail_errno("remove " + path.string());
    }
    return {};
}

fs::path BlockStore::pin_path(const Cid& root) const { return root_ / "pins" / root.to_string(); }

Result<void> BlockStore::pin(const Cid& root) {
    const fs::path path = pin_path(root);
    // The name says it all, so creating the entry is atomic by itself.
    auto file = FileHandle::open(path, O_WRONLY | O_CREAT);
    if (!file) return fail(std::move(file).error().within("pin"));
    return sync_directory(path.parent_path());
}

Result<void> BlockStore::unpin(const Cid& root) {
    const fs::path path = pin_path(root);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail_errno("remove " + path.string());
    }
    return sync_directory(path.parent_path());
}

bool BlockStore::is_pinned(const Cid& root) const {
    return assay::file_size(pin_path(root)).has_value();
}

Result<std::vector<Cid>> BlockStore::pins() const {
    std::vector<Cid> roots;
    std::error_code error;
    for (fs::directory_iterator it(root_ / "pins", error), end; !error && it != end;
         it.increment(error)) {
        // Other files (a pin being written) are not ours to judge.
        if (auto cid = parse_cid(it->path().filename().string())) roots.push_back(std::move(*cid));
    }
    if (error) return fail(error, "list " + (root_ / "pins").string());
    return roots;
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
