#include "host/ipfs/importer.hpp"

#include <algorithm>
#include <future>

#include <fcntl.h>

#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/balanced_tree.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs {
namespace {

// 32 chunks of 1 MiB: enough for every core, and for the disk to write together.
constexpr std::uint64_t kWindowBytes = std::uint64_t{32} << 20;
// UnixFS and dag-pb headers around the bytes of a leaf.
constexpr std::uint64_t kLeafOverheadMax = 64;

Result<void> check_profile(const ImportProfile& profile) {
    const std::uint64_t overhead = profile.leaves == LeafFormat::kDagPb ? kLeafOverheadMax : 0;
    if (profile.chunk_bytes == 0 || profile.chunk_bytes + overhead > kBlockBytesMax) {
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

// The state of one import: takes the file window by window, then closes the tree.
class Import {
  public:
    Import(const ImportProfile& profile, compute::HashEngine& engine, BlockStore& store)
        : profile_{profile}, engine_{engine}, store_{store} {}

    // `window` is whole chunks, except at the end of the file.
    [[nodiscard]] Result<void> add_window(ByteView window) {
        // The stream over the whole file is sequential; it runs beside the bulk hashing.
        auto whole = std::async(std::launch::async, [&] { whole_.update(window); });
        auto stored = add_leaves(window);
        whole.wait();
        bytes_ += window.size();
        return stored;
    }

    [[nodiscard]] Result<ImportResult> finish() {
        if (leaves_.empty()) {
            if (auto added = add_leaves({}); !added) return fail(std::move(added).error());
        }
        const auto put = [this](const Cid& cid, const Bytes& block) {
            return store_.put(cid, block);
        };
        const int version = profile_.leaves == LeafFormat::kRaw ? 1 : 0;
        auto root = build_balanced_tree(std::move(leaves_), profile_.width, version, put);
        if (!root) return fail(std::move(root).error());
        if (auto pinned = store_.pin(root->cid); !pinned) return fail(std::move(pinned).error());
        const LogHash chunks = chunk_root(chunk_digests_);
        return ImportResult{std::move(root->cid), bytes_, whole_.finish(),
                            std::move(chunk_digests_), chunks};
    }

  private:
    [[nodiscard]] Result<void> add_leaves(ByteView window) {
        std::vector<ByteView> chunks;
        for (std::size_t at = 0; at < window.size(); at += profile_.chunk_bytes) {
            chunks.push_back(window.subspan(
                at, std::min<std::size_t>(profile_.chunk_bytes, window.size() - at)));
        }
        auto digests = hash(chunks);
        if (!digests) return fail(std::move(digests).error());
        chunk_digests_.insert(chunk_digests_.end(), digests->begin(), digests->end());
        if (chunks.empty()) chunks.push_back({});  // an empty file has one empty leaf

        if (profile_.leaves == LeafFormat::kDagPb) return put_wrapped_leaves(chunks);
        if (window.empty()) digests->push_back(crypto::sha256(ByteView{}));
        std::vector<Block> blocks;
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            blocks.emplace_back(Cid::raw_sha256((*digests)[i]), chunks[i]);
            leaves_.push_back({blocks.back().cid, chunks[i].size(), chunks[i].size()});
        }
        return store_.put_many(blocks);
    }

    [[nodiscard]] Result<void> put_wrapped_leaves(std::span<const ByteView> chunks) {
        std::vector<Bytes> encoded;
        for (const ByteView chunk : chunks) encoded.push_back(encode_file_leaf(chunk));
        const std::vector<ByteView> views(encoded.begin(), encoded.end());
        auto digests = hash(views);
        if (!digests) return fail(std::move(digests).error());
        std::vector<Block> blocks;
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            blocks.emplace_back(Cid::v0((*digests)[i]), views[i]);
            leaves_.push_back({blocks.back().cid, chunks[i].size(), views[i].size()});
        }
        return store_.put_many(blocks);
    }

    [[nodiscard]] Result<std::vector<Sha256Digest>> hash(std::span<const ByteView> messages) {
        std::vector<Sha256Digest> digests(messages.size());
        if (auto hashed = engine_.hash_batch(messages, digests); !hashed) {
            return fail(std::move(hashed).error());
        }
        return digests;
    }

    const ImportProfile& profile_;
    compute::HashEngine& engine_;
    BlockStore& store_;
    std::vector<FileLink> leaves_;
    std::vector<Sha256Digest> chunk_digests_;
    crypto::Sha256 whole_;
    std::uint64_t bytes_ = 0;
};

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

Result<ImportResult> import_file(const std::filesystem::path& path,
                                 const ImportProfile& profile,
                                 compute::HashEngine& engine,
                                 BlockStore& store,
                                 const ImportProgress& progress) {
    const auto named = [&](Error error) {
        return fail(std::move(error).within("import " + path.string()));
    };
    if (auto checked = check_profile(profile); !checked) return named(std::move(checked).error());
    auto file = FileHandle::open(path, O_RDONLY);
    if (!file) return named(std::move(file).error());
    const auto total = assay::file_size(path);
    if (!total) return named(total.error());

    Import import(profile, engine, store);
    Bytes buffer(kWindowBytes / profile.chunk_bytes * profile.chunk_bytes);
    std::uint64_t done = 0;
    for (;;) {
        const auto have = file->read_at(done, buffer);
        if (!have) return named(have.error());
        if (*have == 0) break;
        auto added = import.add_window(ByteView(buffer).first(*have));
        if (!added) return named(std::move(added).error());
        done += *have;
        if (progress) progress(done, std::max(done, *total));
        if (*have < buffer.size()) break;
    }
    auto result = import.finish();
    if (!result) return named(std::move(result).error());
    return result;
}

LogHash chunk_root(std::span<const Sha256Digest> chunk_digests) {
    crypto::CompactRange tree;
    for (const Sha256Digest& digest : chunk_digests) tree.append(crypto::leaf_hash(digest.view()));
    return tree.root();
}

}  // namespace assay::ipfs
