// An image cut into blocks in memory, with any chunk size and width, so that deep trees stay small.

#pragma once

#include <map>
#include <vector>

#include "host/crypto/sha256.hpp"
#include "host/ipfs/balanced_tree.hpp"
#include "host/ipfs/importer.hpp"
#include "host/ipfs/unixfs.hpp"

namespace assay::ipfs::test {

struct SmallImage {
    SmallImage(ByteView content, std::size_t chunk, std::uint32_t width, LeafFormat format) {
        std::vector<FileLink> leaves;
        for (std::size_t at = 0; at == 0 || at < content.size(); at += chunk) {
            const ByteView data = content.subspan(at, std::min(chunk, content.size() - at));
            Bytes block = format == LeafFormat::kRaw ? to_bytes(data) : encode_file_leaf(data);
            const Sha256Digest digest = crypto::sha256(block);
            const Cid cid = format == LeafFormat::kRaw ? Cid::raw_sha256(digest) : Cid::v0(digest);
            leaves.push_back({cid, data.size(), block.size()});
            leaf_cids.push_back(cid);
            blocks.emplace(cid, std::move(block));
        }
        const auto keep = [this](const Cid& cid, Bytes block) -> Result<void> {
            blocks.emplace(cid, std::move(block));
            return {};
        };
        const int version = format == LeafFormat::kRaw ? 1 : 0;
        root = build_balanced_tree(std::move(leaves), width, version, keep).value();
    }

    std::map<Cid, Bytes> blocks;
    std::vector<Cid> leaf_cids;
    FileLink root{Cid::raw_sha256({}), 0, 0};
};

}  // namespace assay::ipfs::test
