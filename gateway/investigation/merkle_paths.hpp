// All inclusion paths of one RFC 6962 tree: built once, then each path costs O(log n). For batches,
// whose receipts may all be asked for. Pure.

#pragma once

#include <vector>

#include "host/crypto/merkle_tree.hpp"

namespace assay::gateway {

class MerklePaths {
  public:
    // Precondition: there is a leaf.
    explicit MerklePaths(std::vector<LogHash> leaves) {
        levels_.push_back(std::move(leaves));
        while (levels_.back().size() > 1) {
            const std::vector<LogHash>& below = levels_.back();
            std::vector<LogHash> level;
            for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
                level.push_back(crypto::node_hash(below[i], below[i + 1]));
            }
            // Who has no neighbour moves up as it is: RFC 6962's tree, read from below.
            if (below.size() % 2 != 0) level.push_back(below.back());
            levels_.push_back(std::move(level));
        }
    }

    [[nodiscard]] const LogHash& root() const noexcept { return levels_.back().front(); }

    // Precondition: index < number of leaves.
    [[nodiscard]] std::vector<LogHash> path(std::uint64_t index) const {
        std::vector<LogHash> path;
        for (const std::vector<LogHash>& level : levels_) {
            const std::uint64_t neighbour = index ^ 1U;
            if (neighbour < level.size()) path.push_back(level[neighbour]);
            index /= 2;
        }
        return path;
    }

  private:
    std::vector<std::vector<LogHash>> levels_;
};

}  // namespace assay::gateway
