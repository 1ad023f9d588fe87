#include "host/ipfs/dag_pb.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/fixtures.hpp"

namespace assay::ipfs {
namespace {

// multiformats/codec-fixtures, dagpb_2link+data
constexpr std::string_view kTwoLinksAndData =
    "12340a2212208ab7a6c5e74737878ac73863cb76739d15d4666de44e5756bf55a2f9e9ab5f431209736f6d65206c69"
    "6e6b1880c2d72f12370a2212208ab7a6c5e74737878ac73863cb76739d15d4666de44e5756bf55a2f9e9ab5f44120f"
    "736f6d65206f74686572206c696e6b18080a09736f6d652064617461";

TEST(DagPb, ReadsLinksAndData) {
    const Bytes block = from_hex(kTwoLinksAndData).value();
    const auto node = decode_dag_pb(block);
    ASSERT_TRUE(node) << node.error().to_string();
    ASSERT_EQ(node->links.size(), 2U);
    EXPECT_EQ(node->links[0].name, "some link");
    EXPECT_EQ(node->links[0].tsize, 100'000'000U);
    EXPECT_EQ(node->links[1].name, "some other link");
    EXPECT_EQ(node->links[1].tsize, 8U);
    ASSERT_TRUE(node->data);
    EXPECT_EQ(as_text(*node->data), "some data");
    EXPECT_EQ(Cid::dag_pb_sha256(crypto::sha256(block)).to_string(),
              "bafybeibh647pmxyksmdm24uad6b5f7tx4dhvilzbg2fiqgzll4yek7g7y4");
}

TEST(DagPb, EveryCodecFixtureComesBackByteForByte) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/codec-fixtures/fixtures");
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".dag-pb") continue;
        ++count;
        const Bytes block = read_file(entry.path(), kBlockBytesMax).value();
        EXPECT_EQ(Cid::dag_pb_sha256(crypto::sha256(block)).to_string(), entry.path().stem());
        const auto node = decode_dag_pb(block);
        ASSERT_TRUE(node) << entry.path() << ": " << node.error().to_string();
        EXPECT_EQ(encode_dag_pb(*node), block) << entry.path();
    }
    EXPECT_EQ(count, 17U);
}

TEST(DagPb, RefusesTheNegativeFixtures) {
    ASSAY_FIXTURE_OR_SKIP(path, "ipfs/codec-fixtures/negative-fixtures/dag-pb/decode/edges.json");
    const Bytes text = read_file(path, 1 << 20).value();
    const auto cases = boost::json::parse(as_text(text)).as_array();
    EXPECT_GE(cases.size(), 9U);
    for (const auto& item : cases) {
        const auto block = from_hex(item.at("hex").as_string().c_str());
        ASSERT_TRUE(block);
        EXPECT_FALSE(decode_dag_pb(*block)) << item.at("name");
    }
}

// Each would have another hash than the same node written canonically.
TEST(DagPb, RefusesWhatIsNotCanonical) {
    const struct {
        const char* why;
        const char* hex;
    } cases[] = {
        {"Data before Links", "0a0101120b0a09015500050001020304"},
        {"Data twice", "0a01010a0101"},
        {"Name before Hash", "120d12000a09015500050001020304"},
        {"Tsize before Name", "120f0a0901550005000102030418001200"},
        {"Hash twice", "12160a090155000500010203040a09015500050001020304"},
        {"unknown field in the node", "1a00"},
        {"unknown field in a link", "120d0a090155000500010203042200"},
        {"Data as a number", "0801"},
        {"long form of a length", "0a810001"},
        {"fixed32 field", "0d00000000"},
        {"length past the end", "0a05000102"},
        {"bytes after the CID", "120c0a0a01550005000102030400"},
    };
    for (const auto& item : cases) {
        EXPECT_FALSE(decode_dag_pb(from_hex(item.hex).value())) << item.why;
    }
}

TEST(DagPb, RefusesABlockAbove2MiB) {
    const auto node = decode_dag_pb(Bytes(kBlockBytesMax + 1));
    ASSERT_FALSE(node);
    EXPECT_TRUE(node.error().is(Refusal::kBlockTooLarge));
}

TEST(DagPb, WhateverIsAcceptedIsCanonical) {
    const Bytes golden = from_hex(kTwoLinksAndData).value();
    for (std::size_t size = 0; size <= golden.size(); ++size) {
        const ByteView prefix = ByteView(golden).first(size);
        if (const auto node = decode_dag_pb(prefix)) {
            EXPECT_EQ(encode_dag_pb(*node), to_bytes(prefix)) << size;
        }
    }
    for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
        Bytes flipped = golden;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        if (const auto node = decode_dag_pb(flipped)) {
            EXPECT_EQ(encode_dag_pb(*node), flipped) << bit;
        }
    }
}

}  // namespace
}  // namespace assay::ipfs
