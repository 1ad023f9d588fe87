// Blocks on disk, one file each, in the layout of Kubo's flatfs, so that a Kubo or js-ipfs
// repository can be read in place and the other way round:
//
//     <root>/blocks/SHARDING                        /repo/flatfs/shard/v1/next-to-last/2
//     <root>/blocks/<key[-3:-1]>/<key>.data         key = BASE32UPPER(multihash)
//     <root>/pins/<cid>                             one empty file per root that is held complete
//
// The store never hashes: whoever puts a block has checked it against its CID. A block becomes
// visible whole or not at all, and is on the disk when put returns. Several processes may use one
// store at once. Calls block; coroutines go through compute::run_blocking. Thread-safe.
// Used by the importer, the retriever, the content server and the verifier.

#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {

struct Block {
    Block(Cid block_cid, ByteView block_bytes) : cid{std::move(block_cid)}, bytes{block_bytes} {}
    Cid cid;
    ByteView bytes;
};

struct StoreStat {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
};

class BlockStore {
  public:
    // Creates what is missing. Refuses a store that is sharded in another way.
    [[nodiscard]] static Result<BlockStore> open(const std::filesystem::path& root);

    [[nodiscard]] bool has(const Cid& cid) const;
    // Fails with std::errc::no_such_file_or_directory if the block is not here.
    [[nodiscard]] Result<std::uint64_t> size_of(const Cid& cid) const;
    // Fails also with kLimitExceeded if the block is larger than `bytes_max`.
    [[nodiscard]] Result<Bytes> get(const Cid& cid, std::size_t bytes_max = kBlockBytesMax) const;

    // Blocks that are here already are left alone, damaged ones are replaced. Fails with kBlockTooLarge above 2 MiB.
    [[nodiscard]] Result<void> put(const Cid& cid, ByteView bytes);
    // One wait for the disk for all of them. On failure some may have been stored.
    [[nodiscard]] Result<void> put_many(std::span<const Block> blocks);
    // For a block that no longer has the hash it is named by. Succeeds if there is none.
    [[nodiscard]] Result<void> remove(const Cid& cid);

    [[nodiscard]] std::filesystem::path path_of(const Cid& cid) const;

    // A pin says: every block below this root is here.
    [[nodiscard]] Result<void> pin(const Cid& root);
    [[nodiscard]] Result<void> unpin(const Cid& root);
    [[nodiscard]] bool is_pinned(const Cid& root) const;
    [[nodiscard]] Result<std::vector<Cid>> pins() const;

    // Counts by walking the folders: for people who ask, not for every request.
    [[nodiscard]] Result<StoreStat> stat() const;

  private:
    explicit BlockStore(std::filesystem::path root) : root_{std::move(root)} {}
    [[nodiscard]] std::filesystem::path blocks() const { return root_ / "blocks"; }
    [[nodiscard]] std::filesystem::path pin_path(const Cid& root) const;

    std::filesystem::path root_;
};

}  // namespace assay::ipfs
