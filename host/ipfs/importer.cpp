#include "host/ipfs/importer.hpp"

#include <algorithm>
#include <future>

#include <fcntl.h>
#include <sys/stat.h>

#include "host/base/errno_error.hpp"
#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/balanced_tree.hpp"
#include "host/ipfs/collect.hpp"
#include "host/ipfs/read_buffer.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs {
namespace {

// Two cores hash four chunks of 1 MiB each side by side, and what was just read is still cached.
constexpr std::uint64_t kWindowBytes = std::uint64_t{8} << 20;
// Read, hashed and written at the same time; two suffice, and stay cached, if nothing is written.
constexpr std::size_t kWindows = 3;
constexpr std::size_t kWindowsToName = 2;
// One wait for the disk for so many bytes.
constexpr std::uint64_t kCommitBytes = std::uint64_t{64} << 20;
// UnixFS and dag-pb headers around the bytes of a leaf.
constexpr std::uint64_t kLeafOverheadMax = 64;

// Leaves of one window: their CIDs, and their bytes either in the window or wrapped.
struct Leaves {
    std::vector<Bytes> wrapped;
    std::vector<Block> blocks;
};

// The state of one import: names the leaves window by window, then closes the tree.
class Import {
  public:
    Import(const ImportProfile& profile, compute::HashEngine& engine)
        : profile_{profile}, engine_{engine} {}

    // `window` is whole chunks, except at the end of the file.
    [[nodiscard]] Result<Leaves> take(ByteView window) {
        std::vector<ByteView> chunks;
        for (std::size_t at = 0; at < window.size(); at += profile_.chunk_bytes) {
            chunks.push_back(window.subspan(
                at, std::min<std::size_t>(profile_.chunk_bytes, window.size() - at)));
        }
        auto digests = hash(chunks);
        if (!digests) return fail(std::move(digests).error());
        chunk_digests_.insert(chunk_digests_.end(), digests->begin(), digests->end());
        bytes_ += window.size();
        return make_leaves(chunks, std::move(*digests));
    }

    // An empty file has one empty leaf.
    [[nodiscard]] Result<Leaves> take_nothing() {
        const std::vector<ByteView> chunks(1);
        return make_leaves(chunks, {crypto::sha256(ByteView{})});
    }

    [[nodiscard]] bool has_leaves() const noexcept { return !leaves_.empty(); }

    [[nodiscard]] Result<FileNames> finish(const NodeSink& sink) {
        const int version = profile_.leaves == LeafFormat::kRaw ? 1 : 0;
        auto root = build_balanced_tree(std::move(leaves_), profile_.width, version, sink);
        if (!root) return fail(std::move(root).error());
        const LogHash chunks = chunk_root(chunk_digests_);
        return FileNames{std::move(root->cid), bytes_, std::move(chunk_digests_), chunks};
    }

  private:
    [[nodiscard]] Result<Leaves> make_leaves(std::span<const ByteView> chunks,
                                             std::vector<Sha256Digest> digests) {
        Leaves out;
        if (profile_.leaves == LeafFormat::kDagPb) {
            for (const ByteView chunk : chunks) out.wrapped.push_back(encode_file_leaf(chunk));
            auto wrapped = hash({out.wrapped.begin(), out.wrapped.end()});
            if (!wrapped) return fail(std::move(wrapped).error());
            digests = std::move(*wrapped);
        }
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            const bool is_raw = out.wrapped.empty();
            const ByteView block = is_raw ? chunks[i] : ByteView(out.wrapped[i]);
            out.blocks.emplace_back(is_raw ? Cid::raw_sha256(digests[i]) : Cid::v0(digests[i]),
                                    block);
            leaves_.push_back({out.blocks.back().cid, chunks[i].size(), block.size()});
        }
        return out;
    }

    [[nodiscard]] Result<std::vector<Sha256Digest>> hash(const std::vector<ByteView>& messages) {
        std::vector<Sha256Digest> digests(messages.size());
        if (auto hashed = engine_.hash_batch(messages, digests); !hashed) {
            return fail(std::move(hashed).error());
        }
        return digests;
    }

    const ImportProfile& profile_;
    compute::HashEngine& engine_;
    std::vector<FileLink> leaves_;
    std::vector<Sha256Digest> chunk_digests_;
    std::uint64_t bytes_ = 0;
};

// A file in windows, the next one read while this one is worked on.
class WindowReader {
  public:
    [[nodiscard]] static Result<WindowReader> open(const std::filesystem::path& path,
                                                   std::uint64_t chunk_bytes,
                                                   std::size_t windows) {
        auto file = FileHandle::open(path, O_RDONLY | O_NONBLOCK);  // a pipe would wait for its writer
        if (!file) return fail(std::move(file).error());
        struct stat info {};
        if (::fstat(file->fd(), &info) != 0) {
            return fail_by_errno("stat");
        }
        if (S_ISDIR(info.st_mode)) {
            return fail(std::errc::is_a_directory, "an image is one file");
        }
        if (!S_ISREG(info.st_mode)) {
            return fail(std::errc::invalid_argument, "a pipe or a device has no size to be released with");
        }
        const auto total = static_cast<std::uint64_t>(info.st_size);
        const std::uint64_t chunks =
            std::min(kWindowBytes / chunk_bytes, total / chunk_bytes + 1);  // small for small files
        return WindowReader(std::move(*file), total, chunks * chunk_bytes, windows);
    }

    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    // Valid until it has been called as many times more as there are windows, less one; empty at the
    // end of the file.
    [[nodiscard]] Result<ByteView> next() {
        if (ended_) return ByteView();
        auto window = ahead_.valid() ? ahead_.get() : read(0, buffers_[0]);
        if (!window) return window;
        offset_ += window->size();
        turn_ = (turn_ + 1) % buffers_.size();
        // Of a file that grows meanwhile, what was there is taken.
        ended_ = window->size() < window_bytes_;
        if (!ended_) {
            ahead_ = std::async(std::launch::async,
                                [this] { return read(offset_, buffers_[turn_]); });
        }
        return window;
    }

  private:
    WindowReader(FileHandle file,
                 std::uint64_t total,
                 std::uint64_t window_bytes,
                 std::size_t windows)
        : file_{std::move(file)}, total_{total}, window_bytes_{window_bytes} {
        for (std::size_t i = 0; i < windows; ++i) buffers_.emplace_back(window_bytes);
    }

    [[nodiscard]] Result<ByteView> read(std::uint64_t offset, ReadBuffer& buffer) const {
        const auto have = file_.read_at(offset, buffer.span());
        if (!have) return fail(have.error());
        return ByteView(buffer.span().first(*have));
    }

    FileHandle file_;
    std::uint64_t total_;
    std::uint64_t window_bytes_;
    std::uint64_t offset_ = 0;
    std::size_t turn_ = 0;
    bool ended_ = false;
    std::vector<ReadBuffer> buffers_;
    std::future<Result<ByteView>> ahead_;
};

// Writes the leaves of one window while the next one is hashed.
class LeafWriter {
  public:
    explicit LeafWriter(BlockBatch batch) : batch_{std::move(batch)} {}

    [[nodiscard]] Result<void> write(Leaves leaves) {
        if (auto before = wait(); !before) return before;
        writing_ = std::async(std::launch::async, [this, leaves = std::move(leaves)] {
            return store(leaves.blocks);
        });
        return {};
    }
    [[nodiscard]] Result<void> write_node(const Cid& cid, ByteView node) {
        if (auto before = wait(); !before) return before;
        const Block block(cid, node);
        return store({&block, 1});
    }
    [[nodiscard]] Result<void> finish() {
        if (auto before = wait(); !before) return before;
        return batch_.commit();
    }
    // Precondition: nothing is being written.
    [[nodiscard]] const std::vector<Cid>& created() const noexcept { return batch_.created(); }
    [[nodiscard]] Result<void> wait() { return writing_.valid() ? writing_.get() : Result<void>(); }

  private:
    [[nodiscard]] Result<void> store(std::span<const Block> blocks) {
        if (auto added = batch_.add(blocks); !added) return added;
        for (const Block& block : blocks) uncommitted_ += block.bytes.size();
        if (uncommitted_ < kCommitBytes) return {};
        uncommitted_ = 0;
        return batch_.commit();
    }

    BlockBatch batch_;
    std::uint64_t uncommitted_ = 0;
    std::future<Result<void>> writing_;  // last: it is waited for before the batch goes
};

// What an import does beside naming the blocks.
struct Store {
    explicit Store(BlockBatch batch) : writer{std::move(batch)} {}
    LeafWriter writer;
    crypto::Sha256 whole;
};

Result<FileNames> import_windows(WindowReader& reader,
                                 const ImportProfile& profile,
                                 compute::HashEngine& engine,
                                 Store* store,
                                 const ImportProgress& progress) {
    Import import(profile, engine);
    for (std::uint64_t done = 0;;) {
        const auto window = reader.next();
        if (!window) return fail(window.error());
        if (window->empty() && import.has_leaves()) break;
        // The stream over the whole file is sequential; it runs beside the bulk hashing.
        std::future<void> digested;
        if (store != nullptr) {
            digested = std::async(std::launch::async, [&] { store->whole.update(*window); });
        }
        auto leaves = window->empty() ? import.take_nothing() : import.take(*window);
        if (digested.valid()) digested.wait();
        if (!leaves) return fail(std::move(leaves).error());
        if (store != nullptr) {
            if (auto written = store->writer.write(std::move(*leaves)); !written) {
                return fail(std::move(written).error());
            }
        }
        done += window->size();
        if (progress) progress(done, std::max(done, reader.total()));
        if (window->empty()) break;
    }
    return import.finish([store](const Cid& cid, const Bytes& node) {
        return store == nullptr ? Result<void>() : store->writer.write_node(cid, node);
    });
}

Result<WindowReader> open_input(const std::filesystem::path& path,
                                const ImportProfile& profile,
                                std::size_t windows) {
    if (auto checked = check_profile(profile); !checked) return fail(std::move(checked).error());
    return WindowReader::open(path, profile.chunk_bytes, windows);
}

}  // namespace

ImportProfile unixfs_v1_2025() {
    return {"unixfs-v1-2025", std::uint64_t{1} << 20, 1024, LeafFormat::kRaw};
}

ImportProfile unixfs_v0_2015() {
    return {"unixfs-v0-2015", std::uint64_t{256} << 10, 174, LeafFormat::kDagPb};
}

Result<ImportProfile> find_profile(std::string_view name) {
    for (ImportProfile profile : {unixfs_v1_2025(), unixfs_v0_2015()}) {
        if (profile.name == name) return profile;
    }
    return fail(std::errc::invalid_argument, "import profile '" + std::string(name) +
                                                 "': known are unixfs-v1-2025 and unixfs-v0-2015");
}

Result<void> check_profile(const ImportProfile& profile) {
    const std::uint64_t overhead = profile.leaves == LeafFormat::kDagPb ? kLeafOverheadMax : 0;
    if (profile.chunk_bytes == 0 || profile.chunk_bytes > kBlockBytesMax - overhead) {
        return fail(Refusal::kLimitExceeded, "chunk size " + std::to_string(profile.chunk_bytes) +
                                                 ": a block holds 1 to " +
                                                 std::to_string(kBlockBytesMax - overhead));
    }
    if (profile.width < kWidthMin || profile.width > kWidthMax) {
        return fail(Refusal::kLimitExceeded, "width " + std::to_string(profile.width) +
                                                 " is not between " + std::to_string(kWidthMin) +
                                                 " and " + std::to_string(kWidthMax));
    }
    return {};
}

Result<ImportResult> import_file(const std::filesystem::path& path,
                                 const ImportProfile& profile,
                                 compute::HashEngine& engine,
                                 BlockStore& store,
                                 const ImportProgress& progress,
                                 std::optional<std::uint64_t> keep_until) {
    std::vector<Cid> created;
    auto imported = [&]() -> Result<ImportResult> {
        auto reader = open_input(path, profile, kWindows);
        if (!reader) return fail(std::move(reader).error());
        // The batch keeps the collector away until the root is pinned.
        auto batch = BlockBatch::begin(store);
        if (!batch) return fail(std::move(batch).error());
        Store to(std::move(*batch));
        auto names = import_windows(*reader, profile, engine, &to, progress);
        auto stored = names ? to.writer.finish() : to.writer.wait();
        created = to.writer.created();
        if (!names) return fail(std::move(names).error());
        if (!stored) return fail(std::move(stored).error());
        auto pinned =
            keep_until ? store.pin_until(names->cid, *keep_until) : store.pin(names->cid);
        if (!pinned) return fail(std::move(pinned).error());
        return ImportResult{std::move(*names), to.whole.finish()};
    }();
    if (!imported) {
        discard_blocks(store, created);
        return fail(std::move(imported).error().within(path.string()));
    }
    return imported;
}

Result<FileNames> name_file(const std::filesystem::path& path,
                            const ImportProfile& profile,
                            compute::HashEngine& engine,
                            const ImportProgress& progress) {
    auto reader = open_input(path, profile, kWindowsToName);
    auto names = reader ? import_windows(*reader, profile, engine, nullptr, progress)
                        : Result<FileNames>(fail(std::move(reader).error()));
    if (!names) return fail(std::move(names).error().within(path.string()));
    return names;
}

LogHash chunk_root(std::span<const Sha256Digest> chunk_digests) {
    crypto::CompactRange tree;
    for (const Sha256Digest& digest : chunk_digests) tree.append(crypto::leaf_hash(digest.view()));
    return tree.root();
}

}  // namespace assay::ipfs
