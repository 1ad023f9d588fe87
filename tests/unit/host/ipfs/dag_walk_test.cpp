#include "host/ipfs/dag_walk.hpp"

#include <gtest/gtest.h>

#include "host/ipfs/dag_pb.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/unit/host/ipfs/small_image.hpp"

namespace assay::ipfs {
namespace {

using test::SmallImage;

// Gives the walk everything it wants; the number of blocks it took.
Result<std::size_t> walk_all(DagWalk& walk, const std::map<Cid, Bytes>& blocks) {
    std::size_t count = 0;
    while (!walk.complete()) {
        for (const WantedBlock& node : walk.wanted()) {
            const Bytes& block = blocks.at(node.cid);
            EXPECT_LE(block.size(), node.bytes_max);
            ++count;
            if (auto added = walk.add(node.cid, block); !added) return fail(added.error());
        }
    }
    return count;
}

// A parent made by hand, so that it can lie.
struct Parent {
    Parent(const std::vector<FileLink>& children)
        : block{encode_file_parent(children)}, cid{Cid::dag_pb_sha256(crypto::sha256(block))} {}
    Bytes block;
    Cid cid;
};

const Cid kLeaf = Cid::raw_sha256(crypto::sha256(as_bytes("leaf")));

Result<void> walk_one(const Parent& parent, std::uint64_t bytes, std::uint64_t chunk) {
    auto walk = DagWalk::start(parent.cid, bytes, chunk);
    if (!walk) return fail(walk.error());
    return walk->add(parent.cid, parent.block);
}

TEST(DagWalk, FindsEveryLeafInFileOrder) {
    const Bytes content = assay::test::chacha20_bytes("walk", 250'000);
    for (const LeafFormat format : {LeafFormat::kRaw, LeafFormat::kDagPb}) {
        const SmallImage made(content, 100, 150, format);
        auto walk = DagWalk::start(made.root.cid, content.size(), 100);
        ASSERT_TRUE(walk);
        const auto nodes = walk_all(*walk, made.blocks);
        ASSERT_TRUE(nodes) << nodes.error().to_string();
        const RetrievedImage image = walk->image();
        EXPECT_EQ(image.leaves, made.leaf_cids);
        EXPECT_EQ(walk->raw_leaves().size(), format == LeafFormat::kRaw ? 2500U : 0U);
        EXPECT_EQ(*nodes, format == LeafFormat::kRaw ? 18U : 2518U);
        for (std::size_t i = 0; i < image.leaves.size(); ++i) {
            const ByteView chunk = ByteView(content).subspan(i * 100, 100);
            EXPECT_EQ(image.chunk_digests[i], crypto::sha256(chunk));
            const Bytes& block = made.blocks.at(image.leaves[i]);
            EXPECT_EQ(to_bytes(ByteView(block).subspan(image.data_offsets[i], 100)),
                      to_bytes(chunk));
        }
    }
}

TEST(DagWalk, OfASingleRawLeafNeedsNoNode) {
    const auto walk = DagWalk::start(kLeaf, 4, 1 << 20);
    ASSERT_TRUE(walk);
    EXPECT_TRUE(walk->complete());
    ASSERT_EQ(walk->raw_leaves().size(), 1U);
    EXPECT_EQ(walk->raw_leaves()[0].bytes_max, 4U);
    EXPECT_EQ(walk->image().leaves, std::vector<Cid>{kLeaf});
}

TEST(DagWalk, AsksForEqualBlocksOnce) {
    const Bytes zeros(100'000);
    const SmallImage raw(zeros, 100, 128, LeafFormat::kRaw);
    auto walk = DagWalk::start(raw.root.cid, zeros.size(), 100);
    ASSERT_TRUE(walk);
    const auto nodes = walk_all(*walk, raw.blocks);
    ASSERT_TRUE(nodes) << nodes.error().to_string();
    EXPECT_EQ(*nodes, 3U);  // root, the parent of 128 leaves, that of the last 104
    EXPECT_EQ(walk->raw_leaves().size(), 1U);
    EXPECT_EQ(walk->image().leaves.size(), 1000U);
}

TEST(DagWalk, RefusesAnImageLargerThanTheRecordSays) {
    const Parent parent({{kLeaf, 4, 4}, {kLeaf, 4, 4}, {kLeaf, 4, 4}});
    EXPECT_TRUE(walk_one(parent, 12, 4));
    const auto larger = walk_one(parent, 8, 4);
    ASSERT_FALSE(larger);
    EXPECT_TRUE(larger.error().is(Refusal::kContentTooLarge));
    const auto smaller = walk_one(parent, 16, 4);
    ASSERT_FALSE(smaller);
    EXPECT_TRUE(smaller.error().is(Refusal::kContentIncomplete));
    EXPECT_TRUE(DagWalk::start(kLeaf, 9, 8).error().is(Refusal::kContentTooLarge));
}

TEST(DagWalk, RefusesLeavesThatAreNotWholeChunks) {
    EXPECT_FALSE(walk_one(Parent({{kLeaf, 3, 3}, {kLeaf, 5, 5}, {kLeaf, 4, 4}}), 12, 4));
    EXPECT_FALSE(walk_one(Parent({{kLeaf, 4, 4}, {kLeaf, 8, 8}}), 12, 4));
    EXPECT_FALSE(walk_one(Parent({{kLeaf, 12, 12}}), 12, 4));
    // Empty leaves would allow endless trees.
    EXPECT_FALSE(walk_one(Parent({{kLeaf, 4, 4}, {kLeaf, 0, 0}, {kLeaf, 4, 4}}), 8, 4));
    EXPECT_FALSE(walk_one(Parent({{kLeaf, 4, 4}, {kLeaf, 4, 4}, {kLeaf, 0, 0}}), 8, 4));
    EXPECT_TRUE(walk_one(Parent({{kLeaf, 4, 4}, {kLeaf, 4, 4}, {kLeaf, 1, 1}}), 9, 4));
}

TEST(DagWalk, RefusesAParentThatContradictsItsChild) {
    const Parent child({{kLeaf, 4, 4}, {kLeaf, 4, 4}});
    const Parent root({{child.cid, 12, 12}, {kLeaf, 4, 4}});
    auto walk = DagWalk::start(root.cid, 16, 4);
    ASSERT_TRUE(walk);
    ASSERT_TRUE(walk->add(root.cid, root.block));
    const auto added = walk->add(child.cid, child.block);
    ASSERT_FALSE(added);
    EXPECT_TRUE(added.error().is(Refusal::kContentIncomplete)) << added.error().to_string();
}

TEST(DagWalk, BoundsTheDepth) {
    std::map<Cid, Bytes> blocks;
    FileLink top{kLeaf, 4, 4};
    for (int i = 0; i < kDagDepthMax + 1; ++i) {
        const Parent parent({top});
        top = {parent.cid, 4, 4};
        blocks.emplace(parent.cid, parent.block);
        auto walk = DagWalk::start(top.cid, 4, 4);
        ASSERT_TRUE(walk);
        const auto walked = walk_all(*walk, blocks);
        EXPECT_EQ(walked.has_value(), i < kDagDepthMax) << i;
        EXPECT_TRUE(walked || walked.error().is(Refusal::kLimitExceeded));
    }
}

// Every leaf under a parent of its own: twice as many blocks as the size allows.
TEST(DagWalk, BoundsTheNumberOfBlocks) {
    const Parent wrapped({{kLeaf, 4, 4}});
    std::vector<FileLink> many(200, FileLink{wrapped.cid, 4, 4});
    const Parent root(many);
    auto walk = DagWalk::start(root.cid, 800, 4);
    ASSERT_TRUE(walk);
    ASSERT_TRUE(walk->add(root.cid, root.block));
    const auto added = walk->add(wrapped.cid, wrapped.block);
    ASSERT_FALSE(added);
    EXPECT_TRUE(added.error().is(Refusal::kLimitExceeded));
}

TEST(DagWalk, RefusesForeignBlocks) {
    // dag-cbor child, identity child
    for (const char* text :
         {"bafyreihdb57fdysx5h35urvxz64ros7zvywshber7id6t6c6fek37jgyfe", "bafkqabiaaebagba"}) {
        const Parent parent({{parse_cid(text).value(), 5, 5}});
        const auto walked = walk_one(parent, 5, 5);
        ASSERT_FALSE(walked);
        EXPECT_TRUE(walked.error().is(Refusal::kCidUnsupported)) << walked.error().to_string();
    }
}

TEST(DagWalk, RefusesSizesThatMakeNoSense) {
    EXPECT_FALSE(DagWalk::start(kLeaf, 0, 1024));
    EXPECT_FALSE(DagWalk::start(kLeaf, 10, 0));
    EXPECT_FALSE(DagWalk::start(kLeaf, 10, kBlockBytesMax + 1));
}

}  // namespace
}  // namespace assay::ipfs
