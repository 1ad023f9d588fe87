#include "gateway/investigation/merkle_paths.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

TEST(MerklePaths, AreThoseOfRfc6962) {
    std::vector<LogHash> leaves;
    for (std::size_t size = 1; size <= 40; ++size) {
        leaves.push_back(crypto::leaf_hash(as_bytes(std::to_string(size))));
        const MerklePaths paths(leaves);
        ASSERT_EQ(paths.root(), crypto::tree_root(leaves)) << size;
        for (std::size_t index = 0; index < size; ++index) {
            ASSERT_EQ(paths.path(index), crypto::inclusion_path(leaves, index)) << index << " of " << size;
        }
    }
}

}  // namespace
}  // namespace assay::gateway
