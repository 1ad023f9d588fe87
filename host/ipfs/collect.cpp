#include "host/ipfs/collect.hpp"

#include <algorithm>
#include <unordered_set>

#include "host/ipfs/dag_visit.hpp"

namespace assay::ipfs {
namespace {

// Files are named by multihash alone: a block is kept under whichever codec it is linked.
std::string key_of(const Cid& cid) {
    const Bytes multihash = cid.multihash();
    return std::string(as_text(multihash));
}

Result<std::unordered_set<std::string>> keys_kept(const BlockStore& store,
                                                  std::uint64_t now,
                                                  std::span<const Cid> in_use,
                                                  CollectReport& report) {
    const auto roots = store.pins();
    if (!roots) return fail(roots.error());
    std::unordered_set<std::string> kept;
    std::unordered_set<Cid> seen;
    const DagVisitor keep{[&kept](const Cid& cid, ByteView) {
        kept.insert(key_of(cid));
        return Result<void>();
    }};
    for (const Cid& root : *roots) {
        const auto pin = store.find_pin(root);
        if (!pin) return fail(pin.error());
        const bool used = std::find(in_use.begin(), in_use.end(), root) != in_use.end();
        if (!used && pin->expired(now)) {
            report.pins_expired.push_back(root);
            continue;
        }
        if (auto visited = visit_dag(store, root, seen, keep); !visited) {
            return fail(std::move(visited).error().within("pin " + root.to_string()));
        }
    }
    // Of what is still arriving, all that is here.
    const DagVisitor keep_what_is_here{keep.block,
                                       [](const Cid&, const Error&) { return Result<void>(); }};
    for (const Cid& root : in_use) {
        if (auto visited = visit_dag(store, root, seen, keep_what_is_here); !visited) {
            return fail(std::move(visited).error());
        }
    }
    return kept;
}

}  // namespace

Result<CollectReport> collect_blocks(BlockStore& store,
                                     std::uint64_t now,
                                     bool try_only,
                                     std::span<const Cid> in_use) {
    const auto lease = store.lease_alone();
    if (!lease) return fail(lease.error());
    CollectReport report;
    const auto kept = keys_kept(store, now, in_use, report);
    if (!kept) return fail(Error(kept.error()).within("what is kept is not known"));
    // Pins first: what is removed must not be said to be here.
    for (const Cid& root : report.pins_expired) {
        if (try_only) break;
        if (auto dropped = store.drop_expired(root, now); !dropped) {
            return fail(std::move(dropped).error());
        }
    }
    const auto shards = store.shards();
    if (!shards) return fail(shards.error());
    for (const std::string& shard : *shards) {
        const auto blocks = store.blocks_in(shard);
        if (!blocks) return fail(blocks.error());
        for (const StoredBlock& block : *blocks) {
            if (kept->contains(key_of(block.cid))) {
                ++report.blocks_kept;
                continue;
            }
            ++report.blocks_removed;
            report.bytes_removed += block.bytes;
            if (try_only) continue;
            if (auto removed = store.remove(block.cid); !removed) {
                return fail(std::move(removed).error());
            }
        }
    }
    return report;
}

void discard_blocks(BlockStore& store, const std::vector<Cid>& blocks) {
    if (blocks.empty()) return;
    const auto lease = store.lease_alone();
    if (!lease) return;
    CollectReport unused;
    const auto kept = keys_kept(store, 0, {}, unused);  // at the time 0 nothing has expired
    if (!kept) return;
    for (const Cid& cid : blocks) {
        if (!kept->contains(key_of(cid))) (void)store.remove(cid);
    }
}

}  // namespace assay::ipfs
