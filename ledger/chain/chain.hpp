// One ledger on disk: blocks, the best chain among them, the state after its tip, what is final, and
// the transactions that wait (the mempool). The node owns one per ledger.
//
// The best chain is the one with the highest justified block known, of those the one of most work,
// of those the one whose last block has the smaller id; it never leaves the final block.
//
// Deterministic: its inputs are bytes and `now`. Not thread-safe; one owner. Every block that
// connects is one synced write, so after a crash the chain is as it was after some block; what
// accept_transaction has accepted is on disk too. When the store fails, everything that would write
// answers storage-failed from then on, and nothing is found any more; what is on disk is as it was,
// and recover() goes on from there.
//
// A store that turns out to be damaged, at the start, in use or in the check that goes on in the
// background (check_next), is moved aside and rebuilt from what can be read of it. What cannot comes
// from the other members, as to a member that was away.
//
// With ChainOptions::keep_blocks the bodies of blocks that have been final for long go (prune_next).
// What stays of them: headers, everything that follows from them, the log, and each transaction that
// the rule set says somebody may ask for. Such a store cannot be rebuilt from its own blocks.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/crypto/batch_verifier.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/block_entry.hpp"
#include "ledger/chain/block_files.hpp"
#include "ledger/chain/held_store.hpp"
#include "ledger/chain/key_value_store.hpp"
#include "ledger/chain/log_store.hpp"
#include "ledger/chain/mempool.hpp"
#include "ledger/chain/side_blocks.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"
#include "ledger/core/rule_set.hpp"
#include "ledger/core/state_overlay.hpp"
#include "ledger/core/validation.hpp"

namespace assay::ledger {

struct ChainOptions {
    // The bodies of so many blocks stay, the final one and those below it, and of all above; 0: all.
    BlockHeight keep_blocks = 0;
    std::uint64_t file_bytes = kBlockFileBytes;  // of a file of blocks: whole ones are given back
};
// The least that an operator may ask for: what a member needs that was away for a while.
inline constexpr BlockHeight kKeepBlocksMin = 1'024;

struct ChainTip {
    BlockHeight height = 0;
    BlockId id;
    std::uint32_t time = 0;
    std::uint64_t log_size = 0;
    LogHash log_root;
};

struct BlockOutcome {
    // kValid: stored and, as far as it is on the best chain, connected. A block on a side branch is
    // kValid too; its transactions are checked against the state only when it connects.
    BlockVerdict verdict = BlockVerdict::kValid;
    BlockId id;  // zero if the block did not decode
    bool tip_changed = false;
    std::string detail;  // for people, when not valid
};

struct CertificateOutcome {
    enum class Verdict : std::uint8_t { kKnown, kNew, kUnknownTarget, kInvalid };
    Verdict verdict = Verdict::kKnown;
    bool tip_changed = false;
};

struct FoundTransaction {
    Bytes bytes;
    BlockHeight height = 0;
    LogIndex log_index = 0;
    BlockId block;
};

// A block to be mined: search a nonce (and version roll under kVersionRollMask) for `header`.
struct BlockTemplate {
    BlockHeader header;
    std::vector<Bytes> txs;  // the coinbase first
    BlockHeight height = 0;
    ChainId chain_id;
};

// The finished block, its header's nonce and version as the miner found them.
[[nodiscard]] Result<Bytes> seal_block(const BlockTemplate& block, const crypto::PrivateKey& seal);

// What was done when the store was found damaged.
struct ChainRepair {
    std::string damage;            // what was found
    std::uint64_t blocks = 0;      // taken over from the old store
    std::uint64_t transactions = 0;  // that waited there, and wait again
    std::string old_store;         // where it lies
    BlockHeight pruned_below = 0;  // blocks that the old store had kept no bodies of
};

// Whether a block is on the disk when accept_block() returns, or with those that follow.
enum class Durable : std::uint8_t { kNow, kLater };

class Chain {
  public:
    // Opens the ledger in folder `dir`, or founds it there; repairs it if it is damaged. Fails if the
    // folder holds another ledger, or the disk does not let us; the error says what to do. `rules`
    // must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Chain>> open(const std::filesystem::path& dir,
                                                             Bytes genesis_bytes,
                                                             const RuleSet& rules,
                                                             ChainOptions options = {});
    // The same over a database of the caller's, where the simulator lets disks fail.
    [[nodiscard]] static Result<std::unique_ptr<Chain>> open(std::unique_ptr<KeyValueStore> store,
                                                             Bytes genesis_bytes,
                                                             const RuleSet& rules,
                                                             ChainOptions options = {});
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;
    ~Chain();

    // The database has failed: nothing is accepted any more, and what is known cannot be told.
    [[nodiscard]] bool has_failed() const noexcept {
        return store_->failure().has_value() || broken_by_.has_value();
    }
    // Why, for people; empty while it has not.
    [[nodiscard]] std::string failure() const;
    // After has_failed(): opens the folder again, as open() does. The chain is then as it was on disk.
    // On failure it stays failed, to be tried again. Not for a chain without a folder.
    [[nodiscard]] Result<void> recover();
    // The last repair in the life of this object, and how many there were.
    [[nodiscard]] const std::optional<ChainRepair>& repair() const noexcept { return repair_; }
    [[nodiscard]] std::uint64_t repairs() const noexcept { return repairs_; }

    // Checks the next part of what is stored: about a megabyte, a few milliseconds. What does not fit
    // together makes the chain fail, for recover() to repair. Returns whether that was the last part;
    // it begins anew then.
    bool check_next();
    // Blocks checked so far of this pass, and passes ended.
    [[nodiscard]] BlockHeight checked_height() const noexcept { return checked_height_; }
    [[nodiscard]] std::uint64_t checks_ended() const noexcept { return checks_ended_; }

    // Lets go of the next part of what ChainOptions::keep_blocks does not ask for: at most 1,024 blocks,
    // some tens of milliseconds, one synced write. Returns whether there was anything; fails when the
    // disk does, which after that write changes nothing but that files are left for the next time.
    Result<bool> prune_next();
    // The first block whose body is here; block 0, which the genesis makes, aside.
    [[nodiscard]] BlockHeight first_block() const noexcept { return first_block_; }
    [[nodiscard]] const ChainOptions& options() const noexcept { return options_; }
    // For people who ask for more: from where it is kept, and what else has it.
    [[nodiscard]] std::string what_is_kept() const;

    [[nodiscard]] const Genesis& genesis() const noexcept { return genesis_; }
    [[nodiscard]] const Bytes& genesis_bytes() const noexcept { return genesis_bytes_; }
    [[nodiscard]] const ChainId& chain_id() const noexcept { return chain_id_; }
    // The members after the tip; another one after the next block, perhaps.
    [[nodiscard]] const Registry& registry() const noexcept { return *registry_; }

    [[nodiscard]] const ChainTip& tip() const noexcept { return tip_; }
    // Governs the next block.
    [[nodiscard]] const Epoch& epoch() const noexcept { return *tip_entry_.context.epoch; }
    // Entries of the log that are final, as far as the blocks up to the tip show it.
    [[nodiscard]] std::uint64_t final_log_size() const noexcept { return final_log_size_; }
    // A block of the best chain. Precondition: height <= tip().height.
    [[nodiscard]] ChainTip at_height(BlockHeight height) const;
    // The newest final block: no reorganisation leaves it, and members cosign the log up to here.
    [[nodiscard]] const ChainPoint& final_block() const noexcept { return finality_.final; }
    // The highest justified block; the best chain descends from it.
    [[nodiscard]] const ChainPoint& justified_block() const noexcept { return finality_.justified; }
    // The certificates behind these two, as far as they are not block 0.
    [[nodiscard]] std::vector<Certificate> newest_certificates() const;
    // Not empty once a certificate contradicted the final block (rule F8): this chain then makes no
    // templates, and its member must not vote or cosign. It stays so until an operator decides.
    [[nodiscard]] const std::string& conflict() const noexcept { return finality_.conflict; }
    // What a vote for a stored block must say; nothing if it is unknown or known to be invalid.
    [[nodiscard]] std::optional<VoteTarget> vote_target(const BlockId& id) const;
    // Those of this number on any branch.
    [[nodiscard]] std::vector<std::shared_ptr<const Epoch>> epochs(std::uint32_t number) const;

    // Checks everything; a block whose branch is better than the tip's becomes the tip, by way of a
    // reorganisation if need be. The caller keeps orphans and blocks that are too early for later.
    // Durable::kLater, for a chain that catches up: many blocks become one write, at the latest after
    // 1,024 of them, with the next write that is not held, or with flush(). Until then nothing may be
    // said of them that others rely on.
    BlockOutcome accept_block(ByteView block, Timestamp now, Durable durable = Durable::kNow);
    [[nodiscard]] Result<void> flush() { return store_->flush(); }
    // A certificate that votes made, rather than a coinbase brought. It may move the tip.
    CertificateOutcome accept_certificate(const Certificate& certificate);

    // Checks `tx` as if for the next block, after all that wait already, and puts it into the
    // mempool. Refusal::kDuplicateTransaction if it waits or is on the chain already, which a
    // caller that repeats itself may take for success. Durable as for accept_block().
    [[nodiscard]] Result<TxId> accept_transaction(ByteView tx, Durable durable = Durable::kNow);

    // Blocks of side branches included.
    [[nodiscard]] bool has_block(const BlockId& id) const;
    [[nodiscard]] std::optional<BlockHeight> height_of(const BlockId& id) const;
    [[nodiscard]] std::optional<Bytes> block(const BlockId& id) const;
    [[nodiscard]] std::optional<BlockId> id_at(BlockHeight height) const;

    [[nodiscard]] std::optional<Bytes> mempool_transaction(const TxId& id) const;
    // In the order in which they would enter a block.
    [[nodiscard]] std::vector<TxId> mempool_ids() const;
    [[nodiscard]] std::size_t mempool_size() const noexcept { return mempool_.size(); }

    // At most 32 ids of the best chain, newest first, ever farther apart, the genesis last.
    [[nodiscard]] std::vector<BlockId> locator() const;
    // The headers that follow the first locator entry on the best chain; from block 1 if none is.
    [[nodiscard]] std::vector<SealedHeader> headers_after(std::span<const BlockId> locator,
                                                          std::size_t headers_max) const;

    // What `slot` should mine now: the waiting transactions, or an empty block where the rules ask
    // for one. Nothing when there is no need, when the slot is barred (mining diversity), or when
    // the parent's time has not passed yet.
    [[nodiscard]] std::optional<BlockTemplate> make_template(Slot slot, Timestamp now) const;

    // On the best chain only. Nothing either if the transaction was pruned.
    [[nodiscard]] std::optional<FoundTransaction> find(const LeafHash& leaf) const;
    [[nodiscard]] std::optional<FoundTransaction> find(const TxId& id) const;
    // Where it is, pruned or not.
    [[nodiscard]] std::optional<TxPlace> place_of(const LeafHash& leaf) const;
    [[nodiscard]] std::optional<TxPlace> place_of(const TxId& id) const;
    [[nodiscard]] bool is_on_chain(const TxId& id) const;

    // The log after the tip and every size it had before. Precondition: index < size <= log size.
    [[nodiscard]] std::vector<LogHash> inclusion_path(LogIndex index, std::uint64_t size) const;
    // That the log of `from` entries is the beginning of the one of `size`.
    [[nodiscard]] std::vector<LogHash> consistency_path(std::uint64_t from,
                                                        std::uint64_t size) const;
    [[nodiscard]] LogHash log_root(std::uint64_t size) const;

    // The rule set's state after the tip; valid until the next accept_block.
    [[nodiscard]] const StateView& state() const noexcept { return *state_; }

  private:
    Chain(Genesis genesis, Bytes genesis_bytes, const RuleSet& rules, ChainOptions options);

    // chain_open.cpp
    void use(std::unique_ptr<KeyValueStore> store);
    [[nodiscard]] Result<void> load(std::unique_ptr<KeyValueStore> store);
    [[nodiscard]] Result<void> load_tables();
    [[nodiscard]] Result<void> found();
    [[nodiscard]] Result<void> load_tip();
    void load_side_blocks();
    [[nodiscard]] bool load_epochs();
    [[nodiscard]] bool load_first_block(const Bytes& meta);

    // chain_check.cpp
    [[nodiscard]] Result<void> check_recent() const;
    [[nodiscard]] Result<std::size_t> check_height(BlockHeight height) const;
    [[nodiscard]] Result<std::size_t> check_stored(const BlockEntry& known) const;
    [[nodiscard]] Result<std::size_t> check_pruned(const BlockEntry& known) const;

    // chain_prune.cpp
    [[nodiscard]] BlockHeight first_to_keep() const;
    [[nodiscard]] std::optional<std::size_t> prune_block(BlockHeight height, WriteBatch& batch);
    void prune_side_blocks(BlockHeight first, WriteBatch& batch);
    [[nodiscard]] Result<void> free_files();

    // chain_repair.cpp
    [[nodiscard]] Result<void> open_folder();
    [[nodiscard]] Result<void> load_folder();
    [[nodiscard]] Result<void> rebuild(std::string damage);
    [[nodiscard]] std::uint64_t take_over_blocks(const std::filesystem::path& old);
    [[nodiscard]] std::uint64_t take_over_database(const std::filesystem::path& old,
                                                   ChainRepair& done);

    // chain_connect.cpp
    struct Judged {
        BlockVerdict verdict = BlockVerdict::kValid;
        std::string detail;
    };
    [[nodiscard]] Judged judge_and_store(const Block& block, Timestamp now);
    [[nodiscard]] Judged connect(const BlockEntry& entry,
                                 ByteView block,
                                 BodyResult& body,
                                 WriteBatch batch);
    [[nodiscard]] Judged connect_stored(const BlockEntry& entry);
    [[nodiscard]] bool disconnect_tip();
    void follow_best();
    [[nodiscard]] bool beats_tip(const SideBlock& candidate) const;
    [[nodiscard]] bool follow(const BlockEntry& candidate);
    [[nodiscard]] std::optional<BlockEntry> better_branch() const;
    void trim_side_blocks(const BlockEntry& newest, WriteBatch& batch);
    void mark_invalid(BlockEntry entry, BlockVerdict verdict, WriteBatch batch);
    void set_tip(BlockEntry entry);
    [[nodiscard]] bool write(const WriteBatch& batch);

    // chain_finality.cpp
    struct Finality {
        ChainPoint justified;
        ChainPoint final;
        std::optional<Certificate> justified_by, final_by;
        std::string conflict;
    };
    [[nodiscard]] Result<void> load_finality();
    void learn(const Certificate& certificate, WriteBatch& batch);
    void note_conflict(std::string what, WriteBatch& batch);
    [[nodiscard]] FindAncestor ancestors_of(const BlockId& branch) const;
    [[nodiscard]] std::optional<BlockId> ancestor(const BlockId& branch, BlockHeight height) const;
    [[nodiscard]] bool is_on_branch(const ChainPoint& point, const BlockId& branch) const;
    [[nodiscard]] std::optional<Certificate> certificate_to_mine() const;

    // chain_mempool.cpp
    [[nodiscard]] Result<void> check_waiting(const Transaction& tx) const;
    void revalidate_mempool();
    [[nodiscard]] bool mempool_stands() const;
    void apply_waiting(const Transaction& tx);
    [[nodiscard]] Sha256Digest registry_root_after(const std::vector<Bytes>& txs) const;

    [[nodiscard]] std::optional<BlockEntry> entry(const BlockId& id) const;
    [[nodiscard]] std::shared_ptr<const Epoch> find_epoch(const Sha256Digest& record_hash) const;

    const Genesis genesis_;
    const Bytes genesis_bytes_;
    const ChainOptions options_;
    const ChainId chain_id_;
    const ChainRules rules_;
    std::shared_ptr<const Registry> registry_;  // after the tip
    std::map<Sha256Digest, std::shared_ptr<const Epoch>> epochs_;  // by the hash of the record

    std::filesystem::path dir_;  // empty: opened on a store
    std::unique_ptr<HeldStore> store_;
    std::unique_ptr<StatePartView> state_;  // the rule set's part of it
    LogStore log_;
    SideBlocks side_blocks_;
    Finality finality_;
    Mempool mempool_;
    crypto::BatchVerifier verifier_;
    std::unique_ptr<StateOverlay> pending_;  // the state after the tip and all that wait
    std::uint64_t pending_count_ = 0;        // of transactions in it
    std::shared_ptr<const Registry> pending_registry_;
    bool tip_moved_ = false;                 // since the mempool was last checked
    bool mempool_in_step_ = false;  // and blocks have taken nothing since but its first in order
    BlockEntry tip_entry_;
    ChainTip tip_;
    std::uint64_t final_log_size_ = 0;
    // What the store does not hold and must: nothing more is accepted.
    std::optional<std::string> broken_by_;
    Durable durable_ = Durable::kNow;  // of the block that is being taken in
    std::optional<ChainRepair> repair_;
    std::uint64_t repairs_ = 0;
    int io_failures_ = 0;  // since a check last ended
    BlockHeight first_block_ = 0;
    bool files_left_ = false;  // with nothing in them, as far as is known
    BlockHeight checked_height_ = 0;
    bool database_checked_ = false;  // to its end, in this pass
    std::uint64_t checks_ended_ = 0;
};

}  // namespace assay::ledger
