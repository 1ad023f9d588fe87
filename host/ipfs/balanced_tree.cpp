#include "host/ipfs/balanced_tree.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::ipfs {
namespace {

Result<FileLink> make_parent(std::span<const FileLink> children,
                             int cid_version,
                             const NodeSink& sink) {
    Bytes block = encode_file_parent(children);
    const Sha256Digest digest = crypto::sha256(block);
    FileLink parent{cid_version == 0 ? Cid::v0(digest) : Cid::dag_pb_sha256(digest),
                    /*bytes=*/0, /*tsize=*/block.size()};
    for (const FileLink& child : children) {
        parent.bytes += child.bytes;
        parent.tsize += child.tsize;
    }
    if (auto taken = sink(parent.cid, std::move(block)); !taken) {
        return fail(std::move(taken).error());
    }
    return parent;
}

}  // namespace

Result<FileLink> build_balanced_tree(std::vector<FileLink> leaves,
                                     std::uint32_t width,
                                     int cid_version,
                                     const NodeSink& sink) {
    ASSAY_ASSERT(!leaves.empty() && width >= 2);
    std::vector<FileLink> level = std::move(leaves);
    while (level.size() > 1) {
        std::vector<FileLink> parents;
        parents.reserve(level.size() / width + 1);
        for (std::size_t i = 0; i < level.size(); i += width) {
            const std::size_t count = std::min<std::size_t>(width, level.size() - i);
            auto parent = make_parent(std::span(level).subspan(i, count), cid_version, sink);
            if (!parent) return parent;
            parents.push_back(std::move(*parent));
        }
        level = std::move(parents);
    }
    return std::move(level.front());
}

}  // namespace assay::ipfs
