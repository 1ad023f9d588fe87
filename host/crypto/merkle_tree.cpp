#include "host/crypto/merkle_tree.hpp"

#include <array>
#include <bit>
#include <string>

#include "host/base/assert.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::crypto {
namespace {

// The largest power of two below `size`: where RFC 6962 splits a tree. Precondition: size >= 2.
std::uint64_t split_of(std::uint64_t size) { return std::bit_floor(size - 1); }

// RFC 6962 section 2.1.2, SUBPROOF(m, D[n], b), deepest hash first.
void subproof(std::span<const LogHash> leaves,
              std::uint64_t size1,
              bool root1_known,
              std::vector<LogHash>& path) {
    if (size1 == leaves.size()) {
        if (!root1_known) path.push_back(tree_root(leaves));
        return;
    }
    const std::uint64_t split = split_of(leaves.size());
    if (size1 <= split) {
        subproof(leaves.first(split), size1, root1_known, path);
        path.push_back(tree_root(leaves.subspan(split)));
    } else {
        subproof(leaves.subspan(split), size1 - split, false, path);
        path.push_back(tree_root(leaves.first(split)));
    }
}

}  // namespace

LogHash leaf_hash(ByteView data) {
    static constexpr std::array kPrefix{std::byte{0}};
    return sha256({kPrefix, data}).as<LogHash>();
}

LogHash node_hash(const LogHash& left, const LogHash& right) {
    std::array<std::byte, 65> node{std::byte{1}};
    std::memcpy(node.data() + 1, left.bytes.data(), 32);
    std::memcpy(node.data() + 33, right.bytes.data(), 32);
    return sha256(node).as<LogHash>();
}

LogHash empty_root() { return sha256(ByteView{}).as<LogHash>(); }

LogHash tree_root(std::span<const LogHash> leaves) {
    CompactRange range;
    for (const LogHash& leaf : leaves) range.append(leaf);
    return range.root();
}

std::vector<LogHash> inclusion_path(std::span<const LogHash> leaves, std::uint64_t index) {
    ASSAY_ASSERT(index < leaves.size());
    std::vector<LogHash> path;
    while (leaves.size() > 1) {
        const std::uint64_t split = split_of(leaves.size());
        if (index < split) {
            path.push_back(tree_root(leaves.subspan(split)));
            leaves = leaves.first(split);
        } else {
            path.push_back(tree_root(leaves.first(split)));
            leaves = leaves.subspan(split);
            index -= split;
        }
    }
    return {path.rbegin(), path.rend()};
}

std::vector<LogHash> consistency_path(std::span<const LogHash> leaves, std::uint64_t size1) {
    ASSAY_ASSERT(size1 <= leaves.size());
    std::vector<LogHash> path;
    if (size1 > 0) subproof(leaves, size1, true, path);
    return path;
}

// RFC 9162 section 2.1.3.2.
bool verify_inclusion(const LogHash& leaf,
                      std::uint64_t index,
                      std::uint64_t size,
                      std::span<const LogHash> path,
                      const LogHash& root) {
    if (index >= size) return false;
    std::uint64_t node = index;
    std::uint64_t last = size - 1;
    LogHash hash = leaf;
    for (const LogHash& sibling : path) {
        if (last == 0) return false;  // the path is too long
        if ((node & 1) == 1 || node == last) {
            hash = node_hash(sibling, hash);
            // A last node without a sibling rises unchanged until it is a right child.
            const int rise = std::countr_zero(node);
            node >>= rise;
            last >>= rise;
        } else {
            hash = node_hash(hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash == root;
}

// RFC 9162 section 2.1.4.2.
bool verify_consistency(std::uint64_t size1,
                        const LogHash& root1,
                        std::uint64_t size2,
                        const LogHash& root2,
                        std::span<const LogHash> path) {
    if (size1 == 0 || size1 > size2) return false;
    if (size1 == size2) return path.empty() && root1 == root2;

    // A first tree that is perfect is itself a node of the second; its root opens the path.
    const bool perfect = std::has_single_bit(size1);
    if (!perfect && path.empty()) return false;
    LogHash hash1 = perfect ? root1 : path.front();
    if (!perfect) path = path.subspan(1);
    LogHash hash2 = hash1;

    const int levels = std::countr_one(size1 - 1);
    std::uint64_t node = (size1 - 1) >> levels;
    std::uint64_t last = (size2 - 1) >> levels;
    for (const LogHash& sibling : path) {
        if (last == 0) return false;  // the path is too long
        if ((node & 1) == 1 || node == last) {
            hash1 = node_hash(sibling, hash1);
            hash2 = node_hash(sibling, hash2);
            const int rise = std::countr_zero(node);
            node >>= rise;
            last >>= rise;
        } else {
            hash2 = node_hash(hash2, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash1 == root1 && hash2 == root2;
}

Result<CompactRange> CompactRange::from(std::uint64_t size, std::span<const LogHash> edge) {
    if (edge.size() != static_cast<std::size_t>(std::popcount(size))) {
        return fail(Refusal::kMalformed, "right edge of a tree of " + std::to_string(size) +
                                             " leaves has " + std::to_string(edge.size()) +
                                             " hashes");
    }
    CompactRange range;
    range.size_ = size;
    range.edge_.assign(edge.begin(), edge.end());
    return range;
}

void CompactRange::append(const LogHash& leaf) {
    // As in binary addition: each trailing one is a perfect subtree that the new one completes.
    LogHash hash = leaf;
    for (std::uint64_t carry = size_; (carry & 1) == 1; carry >>= 1) {
        hash = node_hash(edge_.back(), hash);
        edge_.pop_back();
    }
    edge_.push_back(hash);
    ++size_;
}

LogHash CompactRange::root() const {
    if (edge_.empty()) return empty_root();
    LogHash hash = edge_.back();
    for (std::size_t i = edge_.size() - 1; i > 0; --i) hash = node_hash(edge_[i - 1], hash);
    return hash;
}

}  // namespace assay::crypto
