#include "host/ipfs/unixfs.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/protobuf.hpp"

namespace assay::ipfs {
namespace {

const Cid kChildA = Cid::raw_sha256(crypto::sha256(as_bytes("a")));
const Cid kChildB = Cid::raw_sha256(crypto::sha256(as_bytes("b")));

// A node whose UnixFS data is given in hex, with nameless links to `children`.
Bytes node_of(std::string_view unixfs_hex, const std::vector<Cid>& children = {}) {
    const Bytes data = from_hex(unixfs_hex).value();
    PbNode node;
    node.data = data;
    for (const Cid& child : children) node.links.push_back({child, std::string(), 1});
    return encode_dag_pb(node);
}

TEST(UnixFsFile, LeafHasTheCidThatKuboGives) {
    const Bytes leaf = encode_file_leaf(as_bytes("hello world"));
    EXPECT_EQ(Cid::v0(crypto::sha256(leaf)).to_string(),
              "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
    const auto node = decode_file_node(leaf);
    ASSERT_TRUE(node);
    EXPECT_TRUE(node->is_leaf());
    EXPECT_EQ(as_text(node->data), "hello world");
    EXPECT_EQ(node->bytes, 11U);
}

TEST(UnixFsFile, EmptyLeafHasNoDataField) {
    EXPECT_EQ(Cid::v0(crypto::sha256(encode_file_leaf({}))).to_string(),
              "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
}

TEST(UnixFsFile, ParentSaysWhereEachByteIs) {
    const std::vector<FileLink> links = {{kChildA, 300, 310}, {kChildB, 7, 12}};
    const Bytes block = encode_file_parent(links);
    const auto node = decode_file_node(block);
    ASSERT_TRUE(node) << node.error().to_string();
    EXPECT_EQ(node->bytes, 307U);
    ASSERT_EQ(node->children.size(), 2U);
    EXPECT_EQ(node->children[0].cid, kChildA);
    EXPECT_EQ(node->children[0].bytes, 300U);
    EXPECT_EQ(node->children[1].bytes, 7U);
    // Kubo writes the empty name, and CIDs agree only with it.
    EXPECT_EQ(decode_dag_pb(block)->links[0].name, "");
    EXPECT_EQ(decode_dag_pb(block)->links[1].tsize, 12U);
}

TEST(UnixFsFile, AcceptsLeavesOfOldImporters) {
    const Bytes block = node_of(
        "08001202616218"
        "02");  // type raw
    const auto node = decode_file_node(block);
    ASSERT_TRUE(node) << node.error().to_string();
    EXPECT_EQ(as_text(node->data), "ab");
}

TEST(UnixFsFile, RefusesContradictions) {
    const struct {
        const char* why;
        Bytes block;
    } cases[] = {
        {"directory", node_of("0801")},
        {"symbolic link", node_of("0804120161")},
        {"sharded directory", node_of("0805120101")},
        {"no type", node_of("1800")},
        {"no UnixFS data", encode_dag_pb({})},
        {"more links than sizes", node_of("0802180a200a", {kChildA, kChildB})},
        {"more sizes than links", node_of("0802180a20052005", {kChildA})},
        {"size is not the sum", node_of("0802180b20052005", {kChildA, kChildB})},
        {"no size beside links", node_of("080220052005", {kChildA, kChildB})},
        {"leaf size is not its bytes", node_of("0802120261621803")},
        {"bytes and links at once", node_of("080212016118062005", {kChildA})},
        {"packed block sizes", node_of("0802180a22020505", {kChildA, kChildB})},
        {"size before data", node_of("080218021202"
                                     "6162")},
        {"type twice", node_of("08020802")},
        {"unknown field", node_of("080218002800")},
        {"sum above 64 bits", node_of("0802180020ffffffffffffffffff012001", {kChildA, kChildB})},
    };
    for (const auto& item : cases) {
        const auto node = decode_file_node(item.block);
        ASSERT_FALSE(node) << item.why;
        EXPECT_TRUE(node.error().is(Refusal::kMalformed)) << item.why;
    }
}

TEST(UnixFsFile, RefusesANamedChild) {
    const Bytes data = from_hex("080218052005").value();
    PbNode node;
    node.data = data;
    node.links.push_back({kChildA, "readme.txt", 5});
    EXPECT_FALSE(decode_file_node(encode_dag_pb(node)));
    node.links[0].name = std::nullopt;  // the form that the specification describes
    EXPECT_TRUE(decode_file_node(encode_dag_pb(node)));
}

TEST(UnixFsFile, DamagedParentNeverClaimsOtherTotals) {
    const std::vector<FileLink> links = {{kChildA, 300, 310}, {kChildB, 7, 12}};
    const Bytes golden = encode_file_parent(links);
    for (std::size_t size = 0; size < golden.size(); ++size) {
        EXPECT_FALSE(decode_file_node(ByteView(golden).first(size))) << size;
    }
    for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
        Bytes flipped = golden;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto node = decode_file_node(flipped);
        if (!node || node->is_leaf()) continue;
        std::uint64_t sum = 0;
        for (const FileChild& child : node->children) sum += child.bytes;
        EXPECT_EQ(node->bytes, sum) << bit;
    }
}

}  // namespace
}  // namespace assay::ipfs
