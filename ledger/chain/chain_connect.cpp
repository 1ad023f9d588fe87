// Taking in blocks: judging, storing, connecting to the tip, and moving to the best branch.

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"
#include "ledger/chain/undo.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/core/rule_switches.hpp"
#include "ledger/core/signature_ahead.hpp"

namespace assay::ledger {

BlockOutcome Chain::accept_block(ByteView bytes, Timestamp now, Durable durable) {
    BlockOutcome outcome;
    const auto block = decode_block(bytes);
    if (!block) {
        outcome.verdict = BlockVerdict::kMalformed;
        outcome.detail = block.error().to_string();
        return outcome;
    }
    outcome.id = block->sealed.id();
    const BlockId tip_before = tip_.id;
    durable_ = durable;
    Judged judged = judge_and_store(*block, now);
    if (has_failed()) {
        judged.verdict = BlockVerdict::kStorageFailed;
        judged.detail = failure();
    }
    outcome.verdict = judged.verdict;
    outcome.detail = std::move(judged.detail);
    outcome.tip_changed = tip_.id != tip_before;
    if (tip_moved_) revalidate_mempool();
    durable_ = Durable::kNow;
    return outcome;
}

Chain::Judged Chain::judge_and_store(const Block& block, Timestamp now) {
    const BlockId id = block.sealed.id();
    if (const auto known = entry(id)) {
        if (known->verdict == BlockVerdict::kValid) return {BlockVerdict::kDuplicate, "known"};
        return {known->verdict, "known to break this rule"};
    }
    const auto parent = entry(block.header().previous);
    if (!parent) return {BlockVerdict::kOrphan, "parent unknown"};
    if (is_on(Rule::kH9) && parent->verdict != BlockVerdict::kValid) {
        return {BlockVerdict::kInvalidAncestor, std::string(to_string(parent->verdict))};
    }
    // Nobody follows it (F7), and files only grow: a member with hash power to spare fills no disks.
    if (side_blocks_.is_full(block.header().slot()) &&
        !is_on_branch(finality_.final, block.header().previous)) {
        return {BlockVerdict::kNotKept, "one more that leaves the final block"};
    }
    const BlockVerdict header = check_header(block.sealed, parent->context, rules_, now);
    if (header != BlockVerdict::kValid) return {header, "header"};
    BodyResult body =
        check_body(block, parent->context, rules_, ancestors_of(block.header().previous));
    if (body.verdict != BlockVerdict::kValid) return {body.verdict, std::move(body.detail)};

    BlockEntry added;
    added.sealed = block.sealed;
    added.context = child_context(parent->context, block.header(), body, rules_);
    added.work = parent->work + block_work(*expand_target(block.header().bits));
    WriteBatch batch;
    batch.put(keys::entry(id), encode_entry(added));
    batch.put(keys::block(id), block.bytes);
    if (const auto& epoch = body.next_epoch) {
        batch.put(keys::epoch(epoch->record_hash()), encode_epoch_record(epoch->record()));
        epochs_.emplace(epoch->record_hash(), epoch);
    }
    if (body.certificate) learn(*body.certificate, batch);
    if (added.parent() == tip_.id) return connect(added, block.bytes, body, std::move(batch));

    batch.put(keys::candidate(added.work, id), {});
    side_blocks_.add(added);
    trim_side_blocks(added, batch);
    if (!write(batch)) return {};
    follow_best();
    const auto judged = entry(id);
    if (judged && judged->verdict != BlockVerdict::kValid) {
        return {judged->verdict, "found when its branch was connected"};
    }
    return {};
}

// `batch` is written with the block's changes, or with the mark that it breaks a rule.
// `body` has views into `block`.
Chain::Judged Chain::connect(const BlockEntry& next,
                             ByteView block,
                             BodyResult& body,
                             WriteBatch batch) {
    for (Transaction& tx : body.txs) mempool_.note_verified(tx);
    verify_ahead(body.txs, *registry_, [this](auto jobs) { verifier_.verify(jobs); });
    StateOverlay staged(*store_);
    StatePart rule_state(staged, keys::kRuleSetTable);
    const LogIndex first_index = tip_.log_size;
    const StateCheck check{rule_state, [this](const TxId& id) { return is_on_chain(id); }, registry_,
                           final_log_size_};
    StateVerdict result = check_transactions(body, first_index, next.height(), rules_, check);
    if (result.verdict != BlockVerdict::kValid) {
        mark_invalid(next, result.verdict, std::move(batch));
        return {result.verdict, std::move(result.detail)};
    }
    staged.put(keys::at_height(next.height()), next.id().view());
    for (std::size_t i = 0; i < body.txs.size(); ++i) {
        const Transaction& tx = body.txs[i];
        TxPlace place;
        place.height = next.height();
        place.position = static_cast<std::uint32_t>(i + 1);
        place.log_index = first_index + i;
        place.offset = static_cast<std::uint32_t>(tx.bytes.data() - block.data());
        place.bytes = static_cast<std::uint32_t>(tx.bytes.size());
        staged.put(keys::tx(tx.id), encode_place(place));
        staged.put(keys::leaf(tx.leaf), tx.id.view());
        LogStore::stage(staged, place.log_index, tx.leaf);
    }
    batch.put(keys::undo(next.id()), encode_undo(staged.changes(), *store_));
    for (const auto& [key, value] : staged.changes()) {
        if (value) {
            batch.put(key, *value);
        } else {
            batch.erase(key);
        }
    }
    batch.erase(keys::candidate(next.work, next.id()));
    batch.put(keys::tip(), next.id().view());
    mempool_in_step_ = mempool_in_step_ && mempool_.begins_with(body.txs);
    for (const Transaction& tx : body.txs) mempool_.remove(tx.id, batch);
    if (!write(batch)) return {};
    for (const Transaction& tx : body.txs) log_.append(tx.leaf);
    side_blocks_.remove(next.id());
    registry_ = std::move(result.registry);
    set_tip(next);
    return {};
}

Chain::Judged Chain::connect_stored(const BlockEntry& next) {
    const auto bytes = store_->get(keys::block(next.id()));
    const auto block = bytes ? decode_block(*bytes) : fail(std::errc::io_error, "missing block");
    if (!block) {
        broken_by_ = "block " + std::to_string(next.height()) + " of a branch cannot be read";
        return {};
    }
    BodyResult body = check_body(*block, tip_entry_.context, rules_, ancestors_of(tip_.id));
    if (body.verdict != BlockVerdict::kValid) {  // it was valid when it was stored
        broken_by_ = "block " + std::to_string(next.height()) +
                     " is not the valid one that was stored: " + body.detail;
        return {};
    }
    return connect(next, *bytes, body, {});
}

// The transactions go back to the mempool, in front, for they were accepted before all others.
bool Chain::disconnect_tip() {
    const BlockEntry old = tip_entry_;
    const auto parent = entry(old.parent());
    const auto undo = store_->get(keys::undo(old.id()));
    const auto bytes = store_->get(keys::block(old.id()));
    const auto block = bytes ? decode_block(*bytes) : fail(std::errc::io_error, "missing block");
    WriteBatch batch;
    if (!parent || !undo || !block || !apply_undo(*undo, batch)) {
        broken_by_ = "what takes back block " + std::to_string(old.height()) + " cannot be read";
        return false;
    }
    batch.erase(keys::undo(old.id()));
    batch.put(keys::candidate(old.work, old.id()), {});
    batch.put(keys::tip(), parent->id().view());
    for (std::size_t i = block->txs.size(); i-- > 1;) {
        const auto tx = decode_transaction(block->txs[i]);
        if (tx && !mempool_.contains(tx->id)) mempool_.add_first(*tx, batch);
    }
    if (!write(batch)) return false;
    mempool_in_step_ = false;
    log_.truncate(parent->context.log.size());
    side_blocks_.add(old);
    registry_ = load_registry(*state_);
    if (!registry_) {
        broken_by_ = "the members as they were before block " + std::to_string(old.height()) +
                     " cannot be read";
        return false;
    }
    set_tip(*parent);
    return true;
}

// Ends, for each round either reaches the best branch or takes blocks off the candidates.
void Chain::follow_best() {
    while (!has_failed()) {
        const auto candidate = better_branch();
        if (!candidate || !follow(*candidate)) break;
    }
    if (has_failed() || is_on_branch(finality_.final, tip_.id)) return;
    WriteBatch batch;
    note_conflict("a quorum made block " + to_hex(finality_.final.id.view()) + " at height " +
                      std::to_string(finality_.final.height) +
                      " final, but it breaks a rule here",
                  batch);
    if (!batch.is_empty()) (void)write(batch);  // a failure is remembered by the store
}

// Most work; of equals the smaller id, so that members whose blocks came out together agree. With
// the first seen each would stay on its own, from where the diversity rule lets none of them go on.
bool Chain::beats_tip(const SideBlock& candidate) const {
    if (candidate.work != tip_entry_.work) return candidate.work > tip_entry_.work;
    return candidate.id < tip_entry_.id();
}

// A branch with the highest justified block goes before any without (F6); none that leaves the final
// block is a branch to follow (F7).
std::optional<BlockEntry> Chain::better_branch() const {
    const auto keeps_final = [this](const SideBlock& side) {
        return !is_on(Rule::kF7) || is_on_branch(finality_.final, side.id);
    };
    const auto has_justified = [this](const BlockId& branch) {
        return !is_on(Rule::kF6) || is_on_branch(finality_.justified, branch);
    };
    const bool tip_has_it = has_justified(tip_.id);
    const SideBlock* without = nullptr;  // the first of them
    for (const SideBlock& side : side_blocks_.ranked()) {
        if (tip_has_it && !beats_tip(side)) return std::nullopt;
        if (!keeps_final(side)) continue;
        if (has_justified(side.id)) return entry(side.id);
        if (without == nullptr) without = &side;
    }
    if (tip_has_it || without == nullptr || !beats_tip(*without)) return std::nullopt;
    return entry(without->id);
}

// One attempt. After a block that breaks a rule the tip is somewhere on the way, and the best branch
// may be another one, often the old one. False when the database failed.
bool Chain::follow(const BlockEntry& candidate) {
    std::vector<BlockEntry> path;  // from the candidate down to the child of the fork point
    auto step = std::optional(candidate);
    while (step && id_at(step->height()) != step->id()) {
        path.push_back(*step);
        step = entry(path.back().parent());
    }
    if (!step) {
        broken_by_ = "a branch has lost a block below height " + std::to_string(candidate.height());
        return false;
    }
    while (tip_.id != step->id()) {
        if (!disconnect_tip()) return false;
    }
    for (auto next = path.rbegin(); next != path.rend(); ++next) {
        const Judged judged = connect_stored(*next);
        if (has_failed()) return false;
        if (judged.verdict != BlockVerdict::kValid) return true;
    }
    return true;
}

// A limit never decides validity: a block that had to go is fetched again when its branch matters.
void Chain::trim_side_blocks(const BlockEntry& newest, WriteBatch& batch) {
    const Slot slot = newest.sealed.header.slot();
    const auto surplus = side_blocks_.surplus(slot, newest.id(), finality_.justified.id);
    if (!surplus) return;
    batch.erase(keys::entry(surplus->id));
    batch.erase(keys::block(surplus->id));
    batch.erase(keys::candidate(surplus->work, surplus->id));
    side_blocks_.remove(surplus->id);
}

// The block and all that builds on it.
void Chain::mark_invalid(BlockEntry bad, BlockVerdict verdict, WriteBatch batch) {
    bad.verdict = verdict;
    batch.put(keys::entry(bad.id()), encode_entry(bad));
    batch.erase(keys::block(bad.id()));
    batch.erase(keys::candidate(bad.work, bad.id()));
    for (const SideBlock& side : side_blocks_.descendants(bad.id())) {
        auto heir = entry(side.id);
        if (!heir) continue;
        heir->verdict = BlockVerdict::kInvalidAncestor;
        batch.put(keys::entry(side.id), encode_entry(*heir));
        batch.erase(keys::block(side.id));
        batch.erase(keys::candidate(side.work, side.id));
        side_blocks_.remove(side.id);
    }
    side_blocks_.remove(bad.id());
    (void)write(batch);  // a failure is remembered by the store
}

void Chain::set_tip(BlockEntry next) {
    tip_entry_ = std::move(next);
    tip_.height = tip_entry_.height();
    tip_.id = tip_entry_.id();
    tip_.time = tip_entry_.context.time;
    tip_.log_size = tip_entry_.context.log.size();
    tip_.log_root = tip_entry_.context.log.root();
    const auto final_entry = entry(tip_entry_.context.chain_final.id);
    final_log_size_ = final_entry ? final_entry->context.log.size() : 0;
    tip_moved_ = true;
}

bool Chain::write(const WriteBatch& batch) {
    if (broken_by_) return false;
    return (durable_ == Durable::kNow ? store_->write_synced(batch) : store_->hold(batch)).has_value();
}

std::optional<BlockEntry> Chain::entry(const BlockId& id) const {
    const auto bytes = store_->get(keys::entry(id));
    if (!bytes) return std::nullopt;
    return decode_entry(*bytes, [this](const Sha256Digest& hash) { return find_epoch(hash); });
}

std::shared_ptr<const Epoch> Chain::find_epoch(const Sha256Digest& record_hash) const {
    const auto found = epochs_.find(record_hash);
    return found == epochs_.end() ? nullptr : found->second;
}

}  // namespace assay::ledger
