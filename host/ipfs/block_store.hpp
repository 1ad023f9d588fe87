// Blocks on disk, one file each, in the layout of Kubo's flatfs, so that a Kubo or js-ipfs
// repository can be read in place and the other way round:
//
//     <root>/blocks/SHARDING                        /repo/flatfs/shard/v1/next-to-last/2
//     <root>/blocks/<key[-3:-1]>/<key>.data         key = BASE32UPPER(multihash)
//     <root>/pins/<cid>                             one small file per root that is held complete
//     <root>/damaged/<key>.data                     blocks that were found to be others
//     <root>/writers.lock                           shared by writers, taken alone to remove
//     <root>/collector.lock                         one collection at a time
//
// The store never hashes: whoever puts a block has checked it against its CID. A block becomes
// visible whole or not at all, and is on the disk when put returns. Several processes may use one
// store at once. Calls block; coroutines go through compute::run_blocking. Thread-safe.
// Used by the importer, the retriever, the content server and the verifier; collect.hpp
// removes what nothing keeps, scrub.hpp looks for damage.

#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/pending_file.hpp"

namespace assay::ipfs {

struct Block {
    Block(Cid block_cid, ByteView block_bytes) : cid{std::move(block_cid)}, bytes{block_bytes} {}
    Cid cid;
    ByteView bytes;
};

// A block as its file's name tells: the codec it was stored under is not known, so it is raw.
struct StoredBlock {
    StoredBlock(Cid block_cid, std::uint64_t block_bytes)
        : cid{std::move(block_cid)}, bytes{block_bytes} {}
    Cid cid;
    std::uint64_t bytes;
};

struct StoreStat {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
};

// Why the blocks below a root are kept.
struct Pin {
    explicit Pin(Cid pinned) : root{std::move(pinned)} {}
    Cid root;
    bool by_hand = false;          // until it is taken back
    std::uint64_t keep_until = 0;  // Unix seconds, of a release record; 0: none says so

    [[nodiscard]] bool expired(std::uint64_t now) const noexcept {
        return !by_hand && keep_until <= now;
    }
};

class BlockStore {
  public:
    // Creates what is missing. Refuses a store that is sharded in another way.
    [[nodiscard]] static Result<BlockStore> open(const std::filesystem::path& root);

    [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

    // The block of an identity CID is always here: its name holds it.
    [[nodiscard]] bool has(const Cid& cid) const;
    // Fails with std::errc::no_such_file_or_directory if the block is not here.
    [[nodiscard]] Result<std::uint64_t> size_of(const Cid& cid) const;
    // Fails also with kLimitExceeded if the block is larger than `bytes_max`.
    [[nodiscard]] Result<Bytes> get(const Cid& cid, std::size_t bytes_max = kBlockBytesMax) const;

    // Blocks that are here already are left alone, damaged ones are replaced. Fails with
    // kBlockTooLarge above 2 MiB.
    [[nodiscard]] Result<void> put(const Cid& cid, ByteView bytes);
    // One wait for the disk for all of them. On failure some may have been stored.
    [[nodiscard]] Result<void> put_many(std::span<const Block> blocks);
    // For a block that no longer has the hash it is named by. Succeeds if there is none.
    [[nodiscard]] Result<void> remove(const Cid& cid);

    [[nodiscard]] std::filesystem::path path_of(const Cid& cid) const;

    // A pin says: every block below this root is here, and stays. pin() is by hand, pin_until()
    // for a release; a later date extends, nothing shortens.
    [[nodiscard]] Result<void> pin(const Cid& root);
    [[nodiscard]] Result<void> pin_until(const Cid& root, std::uint64_t keep_until);
    // Takes back pin(); the root stays pinned as long as a release keeps it.
    [[nodiscard]] Result<void> unpin(const Cid& root);
    [[nodiscard]] bool is_pinned(const Cid& root) const;
    [[nodiscard]] Result<Pin> find_pin(const Cid& root) const;
    [[nodiscard]] Result<std::vector<Cid>> pins() const;
    // Removes the pin if it has expired at `now`; false if it has not.
    [[nodiscard]] Result<bool> drop_expired(const Cid& root, std::uint64_t now);

    // Nothing is collected while any process holds a lease: for work whose blocks are not pinned
    // yet. Waits for a collection that removes to end. put() and put_many() take one for themselves.
    [[nodiscard]] Result<FileHandle> lease() const;
    // Fails with std::errc::resource_unavailable_try_again while others hold leases.
    [[nodiscard]] Result<FileHandle> lease_alone() const;

    // Moves a damaged block to damaged/, out of everybody's way. Succeeds if there is none.
    [[nodiscard]] Result<void> set_aside(const Cid& cid);
    // Blocks that were set aside, under the raw codec, until forget_lost(); of these, those that are
    // not here again.
    [[nodiscard]] Result<std::vector<Cid>> damaged_blocks() const;
    [[nodiscard]] Result<std::vector<Cid>> lost_blocks() const;
    [[nodiscard]] Result<void> forget_lost(const Cid& cid);

    // The folders of blocks, in order, and what lies in one. Files that are no blocks of ours
    // (another hash function, another program's) are left out.
    [[nodiscard]] Result<std::vector<std::string>> shards() const;
    [[nodiscard]] Result<std::vector<StoredBlock>> blocks_in(const std::string& shard) const;

    // Counts by walking the folders: for people who ask, not for every request.
    [[nodiscard]] Result<StoreStat> stat() const;

  private:
    friend class BlockBatch;
    explicit BlockStore(std::filesystem::path root) : root_{std::move(root)} {}
    [[nodiscard]] std::filesystem::path blocks() const { return root_ / "blocks"; }
    [[nodiscard]] std::filesystem::path damaged() const { return root_ / "damaged"; }
    [[nodiscard]] std::filesystem::path pin_path(const Cid& root) const;
    [[nodiscard]] Result<void> change_pin(const Cid& root, const std::function<void(Pin&)>& change);

    std::filesystem::path root_;
};

// Blocks that are written as they come and appear together: one wait for the disk for many windows.
// What was not committed leaves nothing behind. Not thread-safe.
class BlockBatch {
  public:
    [[nodiscard]] static Result<BlockBatch> begin(const BlockStore& store);

    [[nodiscard]] Result<void> add(std::span<const Block> blocks);
    // They are on the disk and visible when it returns; the batch may then be used again.
    [[nodiscard]] Result<void> commit();
    // What was not here before: committed, or about to be.
    [[nodiscard]] const std::vector<Cid>& created() const noexcept { return created_; }

  private:
    BlockBatch(std::filesystem::path blocks, FileHandle lease)
        : blocks_{std::move(blocks)}, lease_{std::move(lease)} {}
    [[nodiscard]] Result<void> add_file(const Block& block);

    std::filesystem::path blocks_;
    FileHandle lease_;
    std::vector<PendingFile> pending_;
    std::set<std::filesystem::path> targets_;  // equal blocks are written once
    std::vector<Cid> created_;
    bool new_folders_ = false;
};

}  // namespace assay::ipfs
