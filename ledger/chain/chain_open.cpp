// Opening a chain on a store: founding it, or checking that what the store holds is one.

#include <algorithm>
#include <utility>

#include "host/base/text_encoding.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/chain/chain_keys.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/pow.hpp"

namespace assay::ledger {
namespace {

tl::unexpected<Error> damaged(std::string_view what) {
    return fail(Refusal::kMalformed, "ledger store is damaged (" + std::string(what) + ")");
}

}  // namespace

Chain::Chain(Genesis genesis, Bytes genesis_bytes, const RuleSet& rules, ChainOptions options)
    : genesis_{std::move(genesis)},
      genesis_bytes_{std::move(genesis_bytes)},
      options_{options},
      chain_id_{chain_id_of(genesis_bytes_)},
      rules_{genesis_.params, chain_id_, rules} {}

Chain::~Chain() = default;

Result<std::unique_ptr<Chain>> Chain::open(std::unique_ptr<KeyValueStore> store,
                                           Bytes genesis_bytes,
                                           const RuleSet& rules,
                                           ChainOptions options) {
    auto genesis = decode_genesis(genesis_bytes);
    if (!genesis) return fail(std::move(genesis).error());
    std::unique_ptr<Chain> chain(
        new Chain(*std::move(genesis), std::move(genesis_bytes), rules, options));
    if (auto loaded = chain->load(std::move(store)); !loaded) {
        return fail(std::move(loaded).error());
    }
    return chain;
}

// What was known of another store is forgotten.
void Chain::use(std::unique_ptr<KeyValueStore> store) {
    pending_.reset();
    state_.reset();
    store_ = std::make_unique<HeldStore>(std::move(store));
    state_ = std::make_unique<StatePartView>(*store_, keys::kRuleSetTable);
    pending_ = std::make_unique<StateOverlay>(*store_);
    broken_by_.reset();
    first_block_ = 0;
    files_left_ = false;
    checked_height_ = 0;
    database_checked_ = false;
}

Result<void> Chain::load(std::unique_ptr<KeyValueStore> store) {
    use(std::move(store));
    epochs_.clear();
    side_blocks_ = {};
    mempool_in_step_ = false;
    LogStore log_before = std::exchange(log_, LogStore());
    Finality finality_before = std::exchange(finality_, Finality());
    const BlockEntry entry_before = tip_entry_;
    const ChainTip tip_before = tip_;
    const std::uint64_t final_before = final_log_size_;
    auto loaded = load_tables();
    if (loaded && !has_failed()) return loaded;
    // What is said of a failed chain is what was known of it before.
    tip_entry_ = entry_before;
    tip_ = tip_before;
    final_log_size_ = final_before;
    log_ = std::move(log_before);
    finality_ = std::move(finality_before);
    if (store_->failure()) return fail(*store_->failure());  // all else may follow from it
    return loaded ? damaged("a block of the best chain is missing") : loaded;
}

Result<void> Chain::load_tables() {
    const auto meta = store_->get(keys::meta());
    if (!meta && !has_failed()) {
        if (auto founded = found(); !founded) return founded;
    } else if (meta && meta->empty()) {
        return damaged("its format");
    } else if (meta && meta->front() != keys::kWholeFormat &&
               meta->front() != keys::kPrunedFormat) {
        return fail(Refusal::kUnknownVersion,
                    "the ledger's store is of another version of the program: move its folder "
                    "away, the ledger comes back from the other members");
    } else if (meta && !std::ranges::equal(ByteView(*meta).subspan(1), chain_id_.view())) {
        return fail(Refusal::kChainIdMismatch,
                    "the folder holds another ledger than the genesis of " + genesis_.origin +
                        " (" + to_hex(chain_id_.view()) + "): name another folder");
    }
    if (meta && !load_first_block(*meta)) return damaged("where the blocks begin");
    auto registry = load_registry(*state_);
    if (!registry || !load_epochs()) return damaged("members");
    registry_ = std::move(registry);
    auto log = LogStore::load(*store_);
    if (!log) return damaged(log.error().to_string());
    log_ = *std::move(log);
    auto mempool = Mempool::load(*store_);
    if (!mempool) return damaged(mempool.error().to_string());
    mempool_ = *std::move(mempool);
    if (auto finality = load_finality(); !finality) return damaged(finality.error().to_string());
    load_side_blocks();
    if (auto tip = load_tip(); !tip) return tip;
    if (auto recent = check_recent(); !recent) return damaged(recent.error().context());
    // A crash may have come between the write that let blocks go and their files.
    if (first_block_ > 0) files_left_ = !free_files();

    follow_best();  // a reorganisation that a crash cut short
    revalidate_mempool();
    return {};
}

bool Chain::load_first_block(const Bytes& meta) {
    const auto first = store_->get(keys::first_block());
    if (meta.front() == keys::kWholeFormat) return !first;
    if (!first || first->size() != 4) return false;
    first_block_ = static_cast<BlockHeight>(keys::big_endian(*first));
    return true;
}

bool Chain::load_epochs() {
    bool good = true;
    store_->for_each(keys::table('e'), [&](ByteView, ByteView value) {
        auto record = decode_epoch_record(value);
        good = good && record.has_value();
        if (!record) return false;
        auto epoch = Epoch::make(*std::move(record));
        epochs_.emplace(epoch->record_hash(), std::move(epoch));
        return true;
    });
    return good && !epochs_.empty();
}

void Chain::load_side_blocks() {
    store_->for_each(keys::table('c'), [this](ByteView key, ByteView) {
        if (const auto side = entry(BlockId::from(key.last(32)))) side_blocks_.add(*side);
        return true;
    });
}

Result<void> Chain::found() {
    const Bytes block = genesis_block(genesis_, genesis_bytes_);
    BlockEntry entry;
    entry.sealed.header = genesis_header(genesis_, genesis_bytes_);
    auto members = Registry::make(genesis_.members);
    if (!members) return fail(std::move(members).error());
    const auto epoch = Epoch::first(chain_id_, *members);
    entry.context = genesis_context(entry.sealed.header, epoch);
    WriteBatch batch;
    StateOverlay staged(*store_);
    StatePart rule_state(staged, keys::kRuleSetTable);
    found_governance(genesis_, chain_id_, rule_state);
    for (const auto& [key, value] : staged.changes()) batch.put(key, *value);
    batch.put(keys::epoch(epoch->record_hash()), encode_epoch_record(epoch->record()));
    batch.put(keys::meta(), keys::meta_value(keys::kWholeFormat, chain_id_));
    batch.put(keys::entry(entry.id()), encode_entry(entry));
    batch.put(keys::block(entry.id()), block);
    batch.put(keys::at_height(0), entry.id().view());
    batch.put(keys::tip(), entry.id().view());
    return store_->write_synced(batch);
}

// The block that the tip names, its entry, the height table and the log must tell the same story.
Result<void> Chain::load_tip() {
    const auto id = store_->get(keys::tip());
    if (!id || id->size() != 32) return damaged("no tip");
    auto tip = entry(BlockId::from(*id));
    if (!tip) return damaged("the tip has no entry");
    const auto bytes = store_->get(keys::block(tip->id()));
    if (!bytes) return damaged("the tip has no block");
    const auto block = decode_block(*bytes);
    if (!block || block->sealed.id() != tip->id()) return damaged("the tip's block");
    if (id_at(tip->height()) != tip->id() || id_at(tip->height() + 1)) {
        return damaged("the tip is not the highest block");
    }
    if (tip->height() > 0) {
        const auto parent = entry(tip->parent());
        if (!parent) return damaged("the tip has no parent");
        if (!store_->get(keys::undo(tip->id()))) return damaged("the tip has no undo record");
        const BodyResult body = check_body(*block, parent->context, rules_, ancestors_of(tip->parent()));
        if (body.verdict != BlockVerdict::kValid) {
            return damaged("the tip's block is " + std::string(to_string(body.verdict)));
        }
        if (body.log != tip->context.log) return damaged("the tip's log");
        for (const Transaction& tx : body.txs) {
            if (!is_on_chain(tx.id)) return damaged("a transaction of the tip is not in the index");
        }
    }
    const auto& log = tip->context.log;
    if (log_.size() != log.size() || log_.root(log_.size()) != log.root()) {
        return damaged("the log is not the one that the tip commits to");
    }
    set_tip(*std::move(tip));
    return {};
}

}  // namespace assay::ledger
