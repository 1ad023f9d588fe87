#include "host/crypto/merkle_tree.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::crypto {
namespace {

std::vector<LogHash> numbered_leaves(std::size_t count) {
    std::vector<LogHash> leaves;
    for (std::size_t i = 0; i < count; ++i) {
        leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
    }
    return leaves;
}

// The definition in RFC 6962 section 2.1, word by word, to hold the fast code against.
LogHash defined_root(std::span<const LogHash> leaves) {
    if (leaves.empty()) return empty_root();
    if (leaves.size() == 1) return leaves.front();
    std::size_t split = 1;
    while (split * 2 < leaves.size()) split *= 2;
    return node_hash(defined_root(leaves.first(split)), defined_root(leaves.subspan(split)));
}

// The eight leaves and roots of Certificate Transparency's reference implementation
// (certificate-transparency/cpp/merkletree/merkle_tree_test.cc).
TEST(TreeRoot, MatchesTheRootsOfTheReferenceTree) {
    const char* const inputs[] = {"",
                                  "00",
                                  "10",
                                  "2021",
                                  "3031",
                                  "40414243",
                                  "5051525354555657",
                                  "606162636465666768696a6b6c6d6e6f"};
    const char* const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    std::vector<LogHash> leaves;
    EXPECT_EQ(to_hex(empty_root().view()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (std::size_t i = 0; i < std::size(inputs); ++i) {
        leaves.push_back(leaf_hash(*from_hex(inputs[i])));
        EXPECT_EQ(to_hex(tree_root(leaves).view()), roots[i]) << i + 1 << " leaves";
    }
}

TEST(CompactRange, HasTheDefinedRootAtEverySizeTo300) {
    const auto leaves = numbered_leaves(300);
    CompactRange range;
    for (std::size_t size = 0; size <= leaves.size(); ++size) {
        const auto tree = std::span(leaves).first(size);
        ASSERT_EQ(range.size(), size);
        ASSERT_EQ(range.root(), defined_root(tree)) << size;
        ASSERT_EQ(tree_root(tree), range.root()) << size;
        if (size < leaves.size()) range.append(leaves[size]);
    }
}

TEST(CompactRange, GoesOnFromAStoredEdge) {
    const auto leaves = numbered_leaves(100);
    CompactRange whole;
    for (const LogHash& leaf : leaves) {
        auto resumed = CompactRange::from(whole.size(), whole.edge());
        ASSERT_TRUE(resumed);
        whole.append(leaf);
        resumed->append(leaf);
        ASSERT_EQ(*resumed, whole);
    }
}

TEST(CompactRange, RefusesAnEdgeThatDoesNotFitTheSize) {
    const auto leaves = numbered_leaves(3);
    EXPECT_TRUE(CompactRange::from(7, leaves));
    for (const std::uint64_t size : {0U, 1U, 3U, 8U, 15U}) {
        auto range = CompactRange::from(size, leaves);
        ASSERT_FALSE(range) << size;
        EXPECT_TRUE(range.error().is(Refusal::kMalformed));
    }
}

TEST(InclusionPath, LeadsFromEveryLeafToTheRoot) {
    const auto leaves = numbered_leaves(40);
    for (std::size_t size = 1; size <= leaves.size(); ++size) {
        const auto tree = std::span(leaves).first(size);
        const LogHash root = tree_root(tree);
        for (std::size_t i = 0; i < size; ++i) {
            const auto path = inclusion_path(tree, i);
            ASSERT_TRUE(verify_inclusion(leaves[i], i, size, path, root)) << i << " of " << size;
            ASSERT_FALSE(verify_inclusion(leaves[i], i + 1, size, path, root) && size > 1);
            ASSERT_FALSE(verify_inclusion(leaves[(i + 1) % 40], i, size, path, root));
        }
    }
}

TEST(ConsistencyPath, LeadsFromEveryPrefixToTheTree) {
    const auto leaves = numbered_leaves(40);
    for (std::size_t size2 = 1; size2 <= leaves.size(); ++size2) {
        const auto tree = std::span(leaves).first(size2);
        for (std::size_t size1 = 1; size1 <= size2; ++size1) {
            const LogHash root1 = tree_root(tree.first(size1));
            auto path = consistency_path(tree, size1);
            ASSERT_TRUE(verify_consistency(size1, root1, size2, tree_root(tree), path));
            ASSERT_FALSE(verify_consistency(size1, leaves[39], size2, tree_root(tree), path) &&
                         root1 != leaves[39]);
            path.push_back(leaves[0]);
            ASSERT_FALSE(verify_consistency(size1, root1, size2, tree_root(tree), path));
        }
    }
}

}  // namespace
}  // namespace assay::crypto
