// The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): transaction log, receipt batches
// and chunks of an image. Leaves are SHA-256(0x00, data), inner nodes SHA-256(0x01, left, right).
// (Bitcoin's tree, used inside a block, is another one: ledger/core.)
//
// Pure functions and a plain value type; thread-safe as such.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay {

using LogHash = Hash256<struct LogHashTag>;

}  // namespace assay

namespace assay::crypto {

// No path in a tree of 2^64 leaves is longer; decoders use it as their bound.
inline constexpr std::size_t kInclusionPathMax = 64;
inline constexpr std::size_t kConsistencyPathMax = 65;

[[nodiscard]] LogHash leaf_hash(ByteView data);
[[nodiscard]] LogHash node_hash(const LogHash& left, const LogHash& right);
[[nodiscard]] LogHash empty_root();  // SHA-256 of nothing
[[nodiscard]] LogHash tree_root(std::span<const LogHash> leaves);

// Precondition: index < leaves.size().
[[nodiscard]] std::vector<LogHash> inclusion_path(std::span<const LogHash> leaves,
                                                  std::uint64_t index);
// That a tree of `size1` leaves is a prefix of `leaves`. Precondition: size1 <= leaves.size().
[[nodiscard]] std::vector<LogHash> consistency_path(std::span<const LogHash> leaves,
                                                    std::uint64_t size1);

// Whether `leaf` is leaf number `index` of the tree of `size` leaves under `root`.
[[nodiscard]] bool verify_inclusion(const LogHash& leaf,
                                    std::uint64_t index,
                                    std::uint64_t size,
                                    std::span<const LogHash> path,
                                    const LogHash& root);

// Whether the tree of size1 leaves under root1 is a prefix of the tree of size2 leaves under root2.
// False for size1 = 0: a proof from the empty tree proves nothing (RFC 9162 section 2.1.4.2).
[[nodiscard]] bool verify_consistency(std::uint64_t size1,
                                      const LogHash& root1,
                                      std::uint64_t size2,
                                      const LogHash& root2,
                                      std::span<const LogHash> path);

// A tree that only grows, kept as its right edge: the roots of the perfect subtrees that its size
// in binary names, largest first. Appending and the root cost O(log n); 64 hashes hold any tree.
class CompactRange {
  public:
    CompactRange() = default;
    // Fails with Refusal::kMalformed unless `edge` has one hash per bit set in `size`.
    [[nodiscard]] static Result<CompactRange> from(std::uint64_t size,
                                                   std::span<const LogHash> edge);

    void append(const LogHash& leaf);

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] LogHash root() const;
    [[nodiscard]] std::span<const LogHash> edge() const noexcept { return edge_; }

    friend bool operator==(const CompactRange&, const CompactRange&) = default;

  private:
    std::uint64_t size_ = 0;
    std::vector<LogHash> edge_;
};

}  // namespace assay::crypto
