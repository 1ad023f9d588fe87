// The consensus rules common to both ledgers. Pure functions: no clock, no disk. The numbers are
// those of docs/ledger-rules.md: H headers, B blocks, F certificates, T transactions.
//
// A block passes check_header, check_body (both need only its parent) and check_transactions (needs
// the state of the chain after its parent), in this order. The first rule broken is reported.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/certificate.hpp"
#include "ledger/core/epoch.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"
#include "ledger/core/rule_set.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::ledger {

enum class BlockVerdict : std::uint8_t {
    kValid,

    // No judgement of the block itself; the same header may be good later or from another peer.
    kDuplicate,      // known already
    kOrphan,         // its parent is not known
    kTooEarly,       // H5: time > now + 2T
    kMalformed,      // B1: does not decode within the fixed limits
    kMutated,        // H7 bad seal, B2 body does not match the header
    kStorageFailed,  // our fault, not the sender's
    kNotKept,        // off the final branch, where its slot has left too many

    // The header breaks a rule, whoever sends it.
    kBadVersion,       // H1: bits 29-31 of the version are not 001
    kSlotNotNode,      // H2: the slot is not that of an active member with NODE
    kWrongBits,        // H3: bits differ from what the difficulty rule asks for
    kTimeTooOld,       // H4: time < parent's time + 1
    kTargetNotMet,     // H6: the id is above the target
    kSlotBarred,       // H8: the slot sealed one of the s - 1 blocks before
    kInvalidAncestor,  // H9: descends from a block that breaks a rule

    // The body that the header commits to breaks a rule.
    kTooLarge,              // B3: more bytes than block_bytes_max
    kTooManyTransactions,   // B4: more transactions than block_txs_max
    kCoinbaseMalformed,     // B5: transaction 0 is not a coinbase
    kCoinbaseHeight,        // B6
    kCoinbaseSlot,          // B7: not the header's slot
    kCoinbaseEpoch,         // B8: not the epoch in force
    kCoinbaseChainId,       // B9
    kCoinbaseLogSize,       // B10
    kCoinbaseLogRoot,       // B11
    kCoinbaseRegistryRoot,  // B12
    kCoinbaseExtension,     // B13: not empty, and not one certificate
    kDuplicateTransaction,  // B14: two equal txids
    kEmptyNotAllowed,       // B15: an empty block that the chain does not need
    kTransactionTooLarge,   // B16: longer than tx_bytes_max

    kCertificateTarget,     // F1: not an ancestor
    kCertificateNotNewer,   // F2: not above what the parent's branch has justified
    kCertificateSource,     // F3: not what the target's branch had justified
    kCertificateQuorum,     // F4: fewer than m votes, or one by no node of the target's epoch
    kCertificateSignature,  // F5

    kTransactionMalformed,  // T1
    kTransactionChainId,    // T2: made for another ledger
    kTransactionExpired,    // T3: not 0 < valid_until - height <= validity_blocks_max
    kTransactionIssuer,     // T4: slot is no active member, or the issuer is not its name
    kTransactionNotNew,     // T5: the txid is on this chain already
    kTransactionRefused,    // T6: the rule set says no
    kEpochRefused,          // M12: not the next epoch, too few signatures, or a second one
};

[[nodiscard]] std::string_view to_string(BlockVerdict verdict) noexcept;
// The header itself is at fault: no other body or seal could make a block of this id valid.
[[nodiscard]] bool is_invalid(BlockVerdict verdict) noexcept;

struct ChainRules {
    const ChainParams& params;
    const ChainId& chain_id;
    const RuleSet& rule_set;
};

// However the members change, s - 1 is at most this.
inline constexpr std::size_t kRecentSlotsMax = kMembersMax / 2;

// What the rules need to know of the chain that ends in the parent. Every node computes the same
// from the same blocks.
struct ParentContext {
    BlockId id;
    BlockHeight height = 0;
    std::uint32_t time = 0;
    std::int64_t drift_s = 0;        // difficulty rule
    BlockHeight last_tx_height = 0;  // newest block with transactions; 0: none
    std::vector<Slot> recent_slots;  // newest first, block 0 excepted; at most kRecentSlotsMax
    crypto::CompactRange log;        // after the parent
    ChainPoint chain_justified;      // target of the newest certificate up to here, or block 0
    ChainPoint chain_final;          // newest block that the certificates up to here finalise
    std::shared_ptr<const Epoch> epoch;  // governs the children; never null

    // Transactions lie above chain_final.
    [[nodiscard]] bool is_busy() const noexcept { return last_tx_height > chain_final.height; }
    // Busy, and fewer than urgent_blocks_max empty blocks end here: mine on, even empty blocks.
    [[nodiscard]] bool is_urgent(const ChainRules& rules) const noexcept;
    // When a child may be empty.
    [[nodiscard]] std::uint64_t empty_block_time(const ChainRules& rules) const noexcept;
    [[nodiscard]] bool bars(Slot slot) const noexcept;
    [[nodiscard]] std::uint32_t child_bits(const ChainRules& rules) const noexcept;
};

[[nodiscard]] ParentContext genesis_context(const BlockHeader& genesis,
                                            std::shared_ptr<const Epoch> epoch);
// H1, H6 and the range of bits: what can be said of a header without its ancestors. `id` is its id.
[[nodiscard]] BlockVerdict check_header_alone(const BlockHeader& header,
                                              const BlockId& id,
                                              const ChainParams& params) noexcept;

// All H rules. kOrphan if `parent` is not the header's parent.
[[nodiscard]] BlockVerdict check_header(const SealedHeader& sealed,
                                        const ParentContext& parent,
                                        const ChainRules& rules,
                                        Timestamp now);

struct BodyResult {
    BlockVerdict verdict = BlockVerdict::kValid;
    std::string detail;            // for people, when not valid
    std::vector<Transaction> txs;  // without the coinbase; views into the block
    crypto::CompactRange log;      // after this block
    std::optional<Certificate> certificate;
    std::shared_ptr<const Epoch> next_epoch;  // null: the block begins none
    Sha256Digest registry_root;               // what the coinbase says it is after this block
};

// The block at a height on the branch that ends in the parent (included), or nothing.
using FindAncestor = std::function<std::optional<VoteTarget>(BlockHeight)>;

// All B and F rules but B12, T1 to T3, and M12.
[[nodiscard]] BodyResult check_body(const Block& block,
                                    const ParentContext& parent,
                                    const ChainRules& rules,
                                    const FindAncestor& find_ancestor);

// The context for the children of a block that passed check_header and check_body on `parent`.
[[nodiscard]] ParentContext child_context(const ParentContext& parent,
                                          const BlockHeader& header,
                                          const BodyResult& body,
                                          const ChainRules& rules);

// T2 and T3 of one transaction for a block at `height`: what does not depend on the state.
[[nodiscard]] BlockVerdict check_transaction(const Transaction& tx,
                                             const ChainRules& rules,
                                             BlockHeight height) noexcept;

// T4: the slot is an active member's, whose name is the issuer.
[[nodiscard]] BlockVerdict check_issuer(const Transaction& tx, const Registry& registry) noexcept;

struct StateCheck {
    StateWriter& state;  // of the rule set, after the parent; holds the block's changes afterwards
    std::function<bool(const TxId&)> is_on_chain;
    std::shared_ptr<const Registry> registry;  // of that state
    std::uint64_t final_log_size = 0;          // entries of the log that are final at the parent
};
struct StateVerdict {
    BlockVerdict verdict = BlockVerdict::kValid;
    std::string detail;
    std::shared_ptr<const Registry> registry;  // after the block, if valid
};

// T4 to T6, in the order of the block, each transaction on the state after the one before, and B12.
// `first_index` is the log's size before the block.
[[nodiscard]] StateVerdict check_transactions(const BodyResult& body,
                                              LogIndex first_index,
                                              BlockHeight height,
                                              const ChainRules& rules,
                                              const StateCheck& check);

// The word for a transaction that a caller hands in and that breaks T1 to T5.
[[nodiscard]] Refusal refusal_of(BlockVerdict verdict) noexcept;

}  // namespace assay::ledger
