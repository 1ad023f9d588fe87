#include "host/ipfs/dag_links.hpp"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/ipfs/dag_cbor.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/foreign_vectors.hpp"
#include "tests/unit/host/ipfs/car_blocks.hpp"

namespace assay::ipfs {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// The same node in both codecs has the same links.
TEST(DagLinks, AgreeBetweenTheCodecsOfAFixture) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/codec-fixtures/fixtures");
    std::size_t nodes = 0;
    std::size_t links = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::optional<std::vector<Cid>> found;
        for (const auto& file : std::filesystem::directory_iterator(entry.path())) {
            const auto cid = parse_cid(file.path().stem().string());
            if (!cid || file.path().extension() == ".dag-json") continue;
            const auto of_block = links_of(*cid, read_file(file.path(), kBlockBytesMax).value());
            if (!of_block) {
                EXPECT_TRUE(of_block.error().is(Refusal::kCidUnsupported))
                    << file.path() << ": " << of_block.error().to_string();
                continue;
            }
            if (found) {
                EXPECT_EQ(*found, *of_block) << entry.path();
            }
            found = *of_block;
            ++nodes;
        }
        if (found) links += found->size();
    }
    EXPECT_GE(nodes, 40U);
    EXPECT_GE(links, 40U);
    assay::test::count_vectors("dag-links", nodes);
}

TEST(DagLinks, ReachEveryBlockOfAMixedDag) {
    for (const char* car : {"gateway-conformance/path_gateway_dag/dag-cbor-traversal.car",
                            "gateway-conformance/path_gateway_dag/dag-pb.car",
                            "kubo/TestDagStat.car"}) {
        ASSAY_FIXTURE_OR_SKIP(path, std::string("ipfs/") + car);
        const auto blocks = test::blocks_of_car(path);
        CarReader reader;
        reader.feed(read_file(path, 64U << 20).value());
        ASSERT_TRUE(reader.next());
        std::vector<Cid> open;
        for (const Bytes& root : reader.header()->roots) open.push_back(decode_cid(root).value());
        std::set<Cid> reached;
        while (!open.empty()) {
            const Cid cid = open.back();
            open.pop_back();
            if (!blocks.contains(cid) || !reached.insert(cid).second) continue;
            const auto below = links_of(cid, blocks.at(cid));
            ASSERT_TRUE(below) << below.error().to_string();
            open.insert(open.end(), below->begin(), below->end());
        }
        EXPECT_EQ(reached.size(), blocks.size()) << car;
    }
}

TEST(DagLinks, AreNotGuessedAtInUnknownCodecs) {
    const Cid json =
        parse_cid("baguqeeram5ujjqrwheyaty3w5gdsmoz6vittchvhk723jjqxk7hakxkd47xq").value();
    EXPECT_TRUE(links_of(json, as_bytes("{}")).error().is(Refusal::kCidUnsupported));
    EXPECT_TRUE(links_of(Cid::raw_sha256({}), as_bytes("anything"))->empty());
}

TEST(DagCbor, RefusesTheNegativeFixtures) {
    ASSAY_FIXTURE_OR_SKIP(
        path, "ipfs/codec-fixtures/negative-fixtures/dag-cbor/decode/duplicate-keys.json");
    const Bytes text = read_file(path, 1 << 20).value();
    const auto cases = boost::json::parse(as_text(text)).as_array();
    EXPECT_FALSE(cases.empty());
    for (const auto& item : cases) {
        EXPECT_FALSE(dag_cbor_links(hex(item.at("hex").as_string().c_str()))) << item.at("name");
    }
}

TEST(DagCbor, RefusesWhatIsNotCanonical) {
    const struct {
        const char* why;
        const char* hex;
    } cases[] = {
        {"nothing", ""},
        {"two items", "0101"},
        {"long form of a number", "1801"},
        {"indefinite list", "9fff"},
        {"indefinite text", "7f6161ff"},
        {"half float", "f93c00"},
        {"float of 32 bits", "fa3f800000"},
        {"not a number", "fb7ff8000000000000"},
        {"infinity", "fb7ff0000000000000"},
        {"float cut off", "fb7ff000000000"},
        {"undefined", "f7"},
        {"simple value 32", "f820"},
        {"key is a number", "a10101"},
        {"keys out of order", "a261620161" "6101"},
        {"longer key first", "a2626161016162" "01"},
        {"text is not UTF-8", "61ff"},
        {"tag 0", "c06161"},
        {"link is text", "d82a6100"},
        {"link without its prefix", "d82a4501550000"},
        {"link of nothing", "d82a40"},
        {"bytes behind a link's CID", "d82a4600015500" "0000"},
        {"list of 2^63", "9b8000000000000000"},
        {"bytes past the end", "5901"},
    };
    for (const auto& item : cases) EXPECT_FALSE(dag_cbor_links(hex(item.hex))) << item.why;
    for (const char* fine : {"00", "20", "3bffffffffffffffff", "1bffffffffffffffff", "f6", "f5",
                             "fb3ff8000000000000", "a2616101626161" "02", "80", "a0"}) {
        EXPECT_TRUE(dag_cbor_links(hex(fine))) << fine;
    }
}

TEST(DagCbor, BoundsNesting) {
    const auto nested = [](std::size_t depth) {
        Bytes out(depth, std::byte{0x81});
        out.push_back(std::byte{0});
        return out;
    };
    EXPECT_TRUE(dag_cbor_links(nested(kDagCborDepthMax)));
    EXPECT_TRUE(dag_cbor_links(nested(kDagCborDepthMax + 1)).error().is(Refusal::kLimitExceeded));
    EXPECT_FALSE(dag_cbor_links(nested(kBlockBytesMax)));
}

// {"a": [1, {"b": link}], "c": 2}
TEST(DagCbor, FollowsNamesAndIndexes) {
    const Bytes block = hex("a261618201a16162d82a450001550000616302");
    assay::test::expect_only_whole_input(block, dag_cbor_links);
    const auto link = follow_dag_cbor(block, std::vector<std::string>{"a", "1", "b", "beyond"});
    ASSERT_TRUE(link) << link.error().to_string();
    EXPECT_EQ(link->names_used, 3U);
    EXPECT_EQ(link->link->to_string(), "bafkqaaa");
    const auto value = follow_dag_cbor(block, std::vector<std::string>{"c"});
    ASSERT_TRUE(value);
    EXPECT_EQ(value->names_used, 1U);
    EXPECT_FALSE(value->link);
    for (const std::vector<std::string>& names :
         {std::vector<std::string>{"b"}, {"c", "d"}, {"a", "2"}, {"a", "x"}, {"a", "-1"}}) {
        const auto lost = follow_dag_cbor(block, names);
        ASSERT_FALSE(lost) << names.back();
        EXPECT_TRUE(lost.error().is(std::errc::no_such_file_or_directory)) << names.back();
    }
}

}  // namespace
}  // namespace assay::ipfs
