#include "host/ipfs/balanced_tree.hpp"

#include <gtest/gtest.h>

#include "tests/support/chacha20_file.hpp"
#include "tests/unit/host/ipfs/small_image.hpp"

namespace assay::ipfs {
namespace {

using test::SmallImage;

// CIDs and sizes made by an independent implementation, which itself gives all ratified CIDs of
// IPIP-499. Content: ChaCha20, seed "balanced-seed".
TEST(BalancedTree, AgreesWithAnotherImplementation) {
    const struct {
        std::size_t bytes, chunk;
        std::uint32_t width;
        LeafFormat format;
        const char* cid;
        std::uint64_t tsize;
    } cases[] = {
        {1, 256, 2, LeafFormat::kRaw, "bafkreicfpzefjbr6p35kamtgvv4bqixmzzu56mnfcf4gcggba5y2q7tj6i",
         1},
        {1000, 256, 2, LeafFormat::kRaw,
         "bafybeiatryv6g2tqfvu2chs26xj6d5rbb75efejcob4jksbsqfrgvz32h4", 1309},
        {1025, 256, 2, LeafFormat::kRaw,
         "bafybeiet7o2bxixllx77ezi5iund7iicsuqfd3iv6fmmmmfsigjffhsbwu", 1539},
        {5000, 256, 3, LeafFormat::kRaw,
         "bafybeibzfpw4q2wigncdntv6jymopq37j6ylgpeu2xmel5uasyqnijnicu", 6517},
        {5000, 256, 3, LeafFormat::kDagPb, "QmbzSsZr5y1DK3mm63rv9UCMtRef1wMN1qMWPMJwb4HpPv", 6677},
        {4096, 1024, 7, LeafFormat::kDagPb, "QmbnoGZsHHoa6Azrygw4a3ce9GALbqtJAh7urYnKeWDnXD", 4331},
        {20000, 300, 5, LeafFormat::kDagPb, "QmbYVH7ZZTymWHeZzvxxJ7WjjypefATinEnK7DF6QWmgB8",
         24728},
        {70000, 100, 6, LeafFormat::kRaw,
         "bafybeif3emxrfgacbpbtwcq7mwm2euol4pqovyxdl5aha2x3kr7kdjpb6e", 109972},
    };
    for (const auto& item : cases) {
        const Bytes content = assay::test::chacha20_bytes("balanced-seed", item.bytes);
        const SmallImage image(content, item.chunk, item.width, item.format);
        EXPECT_EQ(image.root.cid.to_string(), item.cid);
        EXPECT_EQ(image.root.bytes, item.bytes);
        EXPECT_EQ(image.root.tsize, item.tsize);
    }
}

TEST(BalancedTree, StopsWhenTheSinkFails) {
    const std::vector<FileLink> leaves(5, FileLink{Cid::raw_sha256({}), 1, 1});
    int calls = 0;
    const auto full = [&](const Cid&, Bytes) -> Result<void> {
        ++calls;
        return fail(std::errc::no_space_on_device, "sink");
    };
    const auto root = build_balanced_tree(leaves, 2, 1, full);
    ASSERT_FALSE(root);
    EXPECT_TRUE(root.error().is(std::errc::no_space_on_device));
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace assay::ipfs
