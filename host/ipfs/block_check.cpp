#include "host/ipfs/block_check.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"

namespace assay::ipfs {

bool is_block_of(const Cid& cid, ByteView bytes) {
    switch (cid.hash_code()) {
        case HashCode::kIdentity:
            return std::ranges::equal(cid.digest(), bytes);
        case HashCode::kSha256:
            return std::ranges::equal(cid.digest(), crypto::sha256(bytes).view());
        case HashCode::kDblSha256:
            return std::ranges::equal(cid.digest(), crypto::sha256d(bytes).view());
    }
    return false;
}

Result<std::vector<bool>> check_blocks(std::span<const Block> blocks, compute::HashEngine& engine) {
    std::vector<ByteView> views;
    views.reserve(blocks.size());
    for (const Block& block : blocks) views.push_back(block.bytes);
    std::vector<Sha256Digest> digests(views.size());
    if (auto hashed = engine.hash_batch(views, digests); !hashed) {
        return fail(std::move(hashed).error());
    }
    std::vector<bool> right;
    right.reserve(blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const Cid& cid = blocks[i].cid;
        const bool agrees = cid.hash_code() == HashCode::kSha256 && cid.sha256() == digests[i];
        // A source is not called a liar, nor a block damaged, on the word of an accelerator alone.
        right.push_back(agrees || is_block_of(cid, views[i]));
    }
    return right;
}

}  // namespace assay::ipfs
