#include "host/ipfs/dag_visit.hpp"

#include <vector>

#include "host/ipfs/block_check.hpp"
#include "host/ipfs/dag_links.hpp"

namespace assay::ipfs {
namespace {

struct OpenBlock {
    Cid cid;
    std::size_t depth;
};

Result<Bytes> read_node(const BlockStore& store, const OpenBlock& open) {
    if (open.depth > kDagVisitDepthMax) {
        return fail(Refusal::kLimitExceeded,
                    "the DAG is deeper than " + std::to_string(kDagVisitDepthMax));
    }
    auto bytes = store.get(open.cid);
    if (!bytes) return fail(std::move(bytes).error().within("block " + open.cid.to_string()));
    if (!is_block_of(open.cid, *bytes)) {
        return fail(Refusal::kBlockHashMismatch, "block " + open.cid.to_string() + " is damaged");
    }
    return bytes;
}

}  // namespace

Result<void> visit_dag(const BlockStore& store,
                       const Cid& root,
                       std::unordered_set<Cid>& seen,
                       const DagVisitor& visitor) {
    std::vector<OpenBlock> stack = {{root, 0}};
    while (!stack.empty()) {
        const OpenBlock open = std::move(stack.back());
        stack.pop_back();
        if (!seen.insert(open.cid).second) continue;
        if (!may_link(open.cid.codec())) {
            if (auto taken = visitor.block(open.cid, {}); !taken) return taken;
            continue;
        }
        const auto bytes = read_node(store, open);
        auto links = bytes ? links_of(open.cid, *bytes)
                           : Result<std::vector<Cid>>(fail(Error(bytes.error())));
        if (!links) {
            if (!visitor.problem) return fail(std::move(links).error());
            if (auto known = visitor.problem(open.cid, links.error()); !known) return known;
            continue;
        }
        if (auto taken = visitor.block(open.cid, *bytes); !taken) return taken;
        for (auto link = links->rbegin(); link != links->rend(); ++link) {
            stack.push_back({std::move(*link), open.depth + 1});
        }
    }
    return {};
}

}  // namespace assay::ipfs
