// Transactions that wait, and the blocks made of them.

#include <algorithm>

#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/rule_switches.hpp"
#include "ledger/core/signature_ahead.hpp"

namespace assay::ledger {
namespace {

// What a block takes beyond its transactions' bytes.
constexpr std::size_t kBlockOverhead = kSealedHeaderBytes + 4;
constexpr std::size_t kTxOverhead = 4;
// What blocks have taken stays among the pending changes until all are made anew.
constexpr std::size_t kPendingChangesMax = 100'000;

}  // namespace

Result<TxId> Chain::accept_transaction(ByteView bytes, Durable durable) {
    if (has_failed()) return fail(std::errc::io_error, "ledger database");
    auto tx = decode_transaction(bytes);
    if (!tx) return fail(std::move(tx).error());
    if (bytes.size() > rules_.params.tx_bytes_max) {
        return fail(Refusal::kLimitExceeded,
                    "transaction of " + std::to_string(bytes.size()) + " bytes");
    }
    if (mempool_.contains(tx->id) || is_on_chain(tx->id)) {
        return fail(Refusal::kDuplicateTransaction, mempool_.contains(tx->id)
                                                        ? "the transaction waits already"
                                                        : "the transaction is on the ledger");
    }
    if (auto room = mempool_.check_room(tx->body.slot, bytes.size()); !room) {
        return fail(std::move(room).error());
    }
    verify_ahead(std::span(&*tx, 1), *pending_registry_, [this](auto jobs) { verifier_.verify(jobs); });
    if (auto passed = check_waiting(*tx); !passed) return fail(std::move(passed).error());

    WriteBatch batch;
    mempool_.add_last(*tx, batch);
    durable_ = durable;
    const bool written = write(batch);
    durable_ = Durable::kNow;
    if (!written) return fail(std::errc::io_error, "ledger database");
    apply_waiting(*tx);
    mempool_.set_ready(mempool_.entries().rbegin()->first, true);
    return tx->id;
}

void Chain::apply_waiting(const Transaction& tx) {
    StatePart rule_state(*pending_, keys::kRuleSetTable);
    rules_.rule_set.apply(tx, tip_.log_size + pending_count_++, rule_state);
    if (!is_governance(tx.body.type)) return;
    if (auto changed = load_registry(rule_state)) pending_registry_ = std::move(changed);
}

// As for the next block, on the state after all that wait.
Result<void> Chain::check_waiting(const Transaction& tx) const {
    const BlockHeight height = tip_.height + 1;
    BlockVerdict verdict = check_transaction(tx, rules_, height);
    if (verdict == BlockVerdict::kValid) verdict = check_issuer(tx, *pending_registry_);
    if (verdict != BlockVerdict::kValid) {
        return fail(refusal_of(verdict), "transaction by " + tx.issuer + " for block " +
                                             std::to_string(height) + ", valid until " +
                                             std::to_string(tx.body.valid_until));
    }
    const TxContext context{height, *pending_registry_, chain_id_, final_log_size_};
    const StatePartView rule_state(*pending_, keys::kRuleSetTable);
    return rules_.rule_set.check(tx, rule_state, context);
}

// Whether what waits is good on the new tip without another look: it was checked on the state after
// the very transactions that blocks have taken since, and no rule for it looks at heights.
bool Chain::mempool_stands() const {
    if (!mempool_in_step_ || pending_->changes().size() > kPendingChangesMax) return false;
    return std::ranges::all_of(mempool_.entries(), [this](const auto& entry) {
        const Mempool::Entry& waiting = entry.second;
        return waiting.is_ready && waiting.valid_until > tip_.height + 1 &&
               !is_governance(waiting.type) && waiting.type != TxType::kEvidence;
    });
}

// After the tip has changed. What has expired or what the new state rules out is dropped. What
// is valid too far ahead of a tip that went back is kept for later.
void Chain::revalidate_mempool() {
    tip_moved_ = false;
    pending_registry_ = registry_;
    pending_count_ = mempool_.size();
    if (mempool_.size() > 0 && mempool_stands()) return;
    mempool_in_step_ = true;
    pending_->clear();
    pending_count_ = 0;
    WriteBatch batch;
    std::vector<TxId> dropped;
    for (const auto& [order, waiting] : mempool_.entries()) {
        auto tx = decode_transaction(waiting.bytes);
        const bool stays = tx && !is_on_chain(waiting.id);
        if (stays) mempool_.note_verified(*tx);
        const bool passes = stays && check_waiting(*tx).has_value();
        mempool_.set_ready(order, passes);
        if (passes) {
            apply_waiting(*tx);
            continue;
        }
        const std::uint64_t latest =
            std::uint64_t{tip_.height} + 1 + rules_.params.validity_blocks_max;
        if (!stays || tx->body.valid_until <= latest) dropped.push_back(waiting.id);
    }
    for (const TxId& id : dropped) mempool_.remove(id, batch);
    if (!batch.is_empty()) (void)write(batch);  // a failure is remembered by the store
}

std::optional<Bytes> Chain::mempool_transaction(const TxId& id) const {
    const Mempool::Entry* entry = mempool_.find(id);
    return entry == nullptr ? std::nullopt : std::optional(entry->bytes);
}

std::vector<TxId> Chain::mempool_ids() const {
    std::vector<TxId> ids;
    for (const auto& [order, entry] : mempool_.entries()) ids.push_back(entry.id);
    return ids;
}

std::optional<BlockTemplate> Chain::make_template(Slot slot, Timestamp now) const {
    const ParentContext& parent = tip_entry_.context;
    if (has_failed() || !conflict().empty()) return std::nullopt;
    if (parent.epoch->find_node(slot) == nullptr || (is_on(Rule::kH8) && parent.bars(slot)))
        return std::nullopt;
    const auto seconds = now.time_since_epoch().count();
    if (seconds <= parent.time || seconds > UINT32_MAX) return std::nullopt;

    BlockTemplate made;
    made.height = parent.height + 1;
    made.chain_id = chain_id_;
    made.txs.emplace_back();  // the coinbase, once the rest is known
    Bytes ext = encode_extension(certificate_to_mine());
    std::size_t bytes = kBlockOverhead + kTxOverhead + kCoinbaseBytes + ext.size();
    crypto::CompactRange log = parent.log;
    bool has_epoch = false;
    bool has_governance = false;
    for (const auto& [order, entry] : mempool_.entries()) {
        if (!entry.is_ready) continue;
        bytes += kTxOverhead + entry.bytes.size();
        if (bytes > rules_.params.block_bytes_max && made.txs.size() == 1) {
            bytes -= ext.size();  // the largest transaction must find a block
            ext.clear();
        }
        // Later ones may build on this one: the first that does not fit ends the block.
        if (bytes > rules_.params.block_bytes_max) break;
        if (made.txs.size() == rules_.params.block_txs_max) break;
        if (has_epoch && entry.type == TxType::kEpoch) break;  // one in a block (M12)
        has_epoch |= entry.type == TxType::kEpoch;
        has_governance |= is_governance(entry.type);
        made.txs.push_back(entry.bytes);
        log.append(entry.leaf);
    }
    const auto time = static_cast<std::uint32_t>(seconds);
    if (made.txs.size() == 1 && time < parent.empty_block_time(rules_)) return std::nullopt;

    Coinbase coinbase;
    coinbase.height = made.height;
    coinbase.slot = slot;
    coinbase.registry_epoch = parent.epoch->number();
    coinbase.n_tx = static_cast<std::uint32_t>(made.txs.size());
    coinbase.chain_id = chain_id_;
    coinbase.log_size = log.size();
    coinbase.log_root = log.root();
    coinbase.registry_root = has_governance ? registry_root_after(made.txs) : registry_->root();
    coinbase.ext = std::move(ext);
    made.txs.front() = encode_coinbase(coinbase);

    std::vector<TxId> ids;
    for (const Bytes& tx : made.txs) ids.push_back(tx_id(tx));
    made.header.version = kVersionTop | slot;
    made.header.previous = parent.id;
    made.header.merkle_root = bitcoin_merkle_root(std::move(ids));
    made.header.time = time;
    made.header.bits = parent.child_bits(rules_);
    return made;
}

// The first of `txs` is the coinbase.
Sha256Digest Chain::registry_root_after(const std::vector<Bytes>& txs) const {
    StateOverlay staged(*store_);
    StatePart rule_state(staged, keys::kRuleSetTable);
    for (std::size_t i = 1; i < txs.size(); ++i) {
        const auto tx = decode_transaction(txs[i]);
        if (tx) rules_.rule_set.apply(*tx, tip_.log_size + i - 1, rule_state);
    }
    const auto registry = load_registry(rule_state);
    return registry ? registry->root() : registry_->root();
}

Result<Bytes> seal_block(const BlockTemplate& block, const crypto::PrivateKey& seal) {
    auto sealed = seal_header(block.header, block.chain_id, seal);
    if (!sealed) return fail(std::move(sealed).error());
    return encode_block(*sealed, block.txs);
}

}  // namespace assay::ledger
