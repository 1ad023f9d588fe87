#include "host/ipfs/collect.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/ipfs/dag_visit.hpp"

namespace assay::ipfs {
namespace {

// Files are named by multihash alone: a block is kept under whichever codec it is linked.
std::string key_of(const Cid& cid) {
    const Bytes multihash = cid.multihash();
    return std::string(as_text(multihash));
}

bool lists(std::span<const Cid> cids, const Cid& cid) {
    return std::find(cids.begin(), cids.end(), cid) != cids.end();
}

}  // namespace

Result<Collection> Collection::begin(BlockStore& store, std::uint64_t now, std::stop_token stop) {
    auto only_one = FileLock::acquire(store.root() / "collector.lock");
    if (!only_one && only_one.error().is(std::errc::resource_unavailable_try_again)) {
        return fail(std::errc::resource_unavailable_try_again,
                    "another collection is under way in " + store.root().string());
    }
    if (!only_one) return fail(std::move(only_one).error().within("block store"));
    Collection collection(store, now, std::move(stop));
    collection.only_one_.emplace(std::move(*only_one));
    return collection;
}

Result<void> Collection::go_on() const {
    if (stop_.stop_requested()) return fail(std::errc::operation_canceled, "collection");
    return {};
}

bool Collection::keeps(const Cid& cid) const { return kept_.contains(key_of(cid)); }

// What is below a root that is walked already costs nothing again.
Result<void> Collection::keep_below(const Cid& root) {
    const DagVisitor keep{[this](const Cid& cid, ByteView) {
        kept_.insert(key_of(cid));
        return go_on();
    }};
    auto walked = visit_dag(*store_, root, walked_, keep);
    if (!walked) return fail(std::move(walked).error().within("pin " + root.to_string()));
    return {};
}

// Returns the roots of pins that have expired.
Result<std::vector<Cid>> Collection::keep_pinned(std::span<const Cid> in_use) {
    const auto roots = store_->pins();
    if (!roots) return fail(roots.error());
    std::vector<Cid> expired;
    for (const Cid& root : *roots) {
        const auto pin = store_->find_pin(root);
        if (!pin && pin.error().is(std::errc::no_such_file_or_directory)) continue;  // taken back
        if (!pin) return fail(pin.error());
        if (pin->expired(now_) && !lists(in_use, root)) {
            expired.push_back(root);
        } else if (auto kept = keep_below(root); !kept) {
            return fail(std::move(kept).error());
        }
    }
    return expired;
}

// Of what is still arriving, all that is here. What was walked when less was here is walked again.
Result<void> Collection::keep_arriving(std::span<const Cid> in_use) {
    const DagVisitor keep{[this](const Cid& cid, ByteView) {
                              kept_.insert(key_of(cid));
                              return go_on();
                          },
                          [](const Cid&, const Error&) { return Result<void>(); }};
    std::unordered_set<Cid> seen;
    for (const Cid& root : in_use) {
        if (walked_.contains(root)) continue;
        if (auto kept = visit_dag(*store_, root, seen, keep); !kept) return kept;
    }
    return {};
}

Result<void> Collection::mark(std::span<const Cid> in_use) {
    const auto expired = keep_pinned(in_use);
    if (!expired) return fail(Error(expired.error()).within("what is kept is not known"));
    if (auto kept = keep_arriving(in_use); !kept) return kept;
    const auto shards = store_->shards();
    if (!shards) return fail(shards.error());
    for (const std::string& shard : *shards) {
        if (auto on = go_on(); !on) return on;
        auto blocks = store_->blocks_in(shard);
        if (!blocks) return fail(std::move(blocks).error());
        blocks_ += blocks->size();
        for (StoredBlock& block : *blocks) {
            if (!keeps(block.cid)) not_kept_.push_back(std::move(block));
        }
    }
    return {};
}

Result<void> Collection::close() {
    auto lease = store_->lease_alone();
    if (!lease) return fail(std::move(lease).error());
    lease_.emplace(std::move(*lease));
    return {};
}

Result<CollectReport> Collection::sweep(std::span<const Cid> in_use, bool try_only) {
    ASSAY_ASSERT(lease_.has_value());
    CollectReport report;
    // What was pinned or came into use since it was marked.
    auto expired = keep_pinned(in_use);
    if (!expired) return fail(std::move(expired).error().within("what is kept is not known"));
    if (auto kept = keep_arriving(in_use); !kept) return fail(std::move(kept).error());
    report.pins_expired = std::move(*expired);
    // Pins first: what is removed must not be said to be here.
    auto done = try_only ? Result<void>() : drop_pins(report);
    if (done) done = remove_blocks(report, try_only);
    if (done) done = remove_damaged(report, try_only);
    if (!done) return fail(std::move(done).error());
    return report;
}

Result<void> Collection::drop_pins(CollectReport& report) {
    std::vector<Cid> dropped;
    for (Cid& root : report.pins_expired) {
        const auto gone = store_->drop_expired(root, now_);
        if (!gone) return fail(gone.error());
        if (*gone) {
            dropped.push_back(std::move(root));
        } else if (auto kept = keep_below(root); !kept) {  // its date was moved just now
            return kept;
        }
    }
    report.pins_expired = std::move(dropped);
    return {};
}

// Blocks that came after mark() are not looked at: the next collection knows them.
Result<void> Collection::remove_blocks(CollectReport& report, bool try_only) {
    for (const StoredBlock& block : not_kept_) {
        if (auto on = go_on(); !on) return on;
        if (keeps(block.cid)) continue;
        ++report.blocks_removed;
        report.bytes_removed += block.bytes;
        if (try_only) continue;
        if (auto removed = store_->remove(block.cid); !removed) return removed;
    }
    report.blocks_kept = blocks_ - report.blocks_removed;
    return {};
}

// What was set aside and is not kept any more shall not be fetched again, nor what came back.
Result<void> Collection::remove_damaged(CollectReport& report, bool try_only) {
    const auto aside = store_->damaged_blocks();
    if (!aside) return fail(aside.error());
    for (const Cid& cid : *aside) {
        if (keeps(cid) && !store_->has(cid)) continue;
        ++report.damaged_removed;
        if (try_only) continue;
        if (auto removed = store_->forget_lost(cid); !removed) return removed;
    }
    return {};
}

Result<CollectReport> collect_blocks(BlockStore& store,
                                     std::uint64_t now,
                                     bool try_only,
                                     std::span<const Cid> in_use) {
    auto collection = Collection::begin(store, now);
    if (!collection) return fail(std::move(collection).error());
    if (auto marked = collection->mark(in_use); !marked) return fail(std::move(marked).error());
    if (auto closed = collection->close(); !closed) return fail(std::move(closed).error());
    return collection->sweep(in_use, try_only);
}

void discard_blocks(BlockStore& store, const std::vector<Cid>& blocks) {
    if (blocks.empty()) return;
    // At the time 0 nothing has expired. It may run beside a collection, which only looks for what is kept.
    Collection collection(store, 0, {});
    if (!collection.keep_pinned({}) || !collection.close() || !collection.keep_pinned({})) return;
    for (const Cid& cid : blocks) {
        if (!collection.keeps(cid)) (void)store.remove(cid);
    }
}

}  // namespace assay::ipfs
