#include "host/ipfs/unixfs_directory.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/murmur3.hpp"
#include "host/ipfs/path_walk.hpp"
#include "host/ipfs/unixfs.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/foreign_vectors.hpp"
#include "tests/unit/host/ipfs/car_blocks.hpp"
#include "tests/unit/host/ipfs/directory_writer.hpp"

namespace assay::ipfs {
namespace {

using test::DirectoryWriter;
using test::NamedLink;

const Cid kFileCid = Cid::raw_sha256(crypto::sha256(as_bytes("x")));

// The files of the ratified vectors: names from a keystream, each file "x".
std::vector<NamedLink> vector_files(std::string_view seed,
                                    std::size_t files,
                                    std::size_t name_size,
                                    std::size_t last_name_size,
                                    int cid_version) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz01234567890-_";
    const Bytes leaf = cid_version == 0 ? encode_file_leaf(as_bytes("x")) : to_bytes("x");
    const Sha256Digest digest = crypto::sha256(leaf);
    const Cid cid = cid_version == 0 ? Cid::v0(digest) : Cid::raw_sha256(digest);
    assay::test::ChaCha20Stream stream(seed);
    std::vector<NamedLink> out;
    for (std::size_t i = 0; i < files; ++i) {
        std::string name;
        for (const std::byte byte : stream.next(i + 1 == files ? last_name_size : name_size)) {
            name += kAlphabet[std::to_integer<std::size_t>(byte) % kAlphabet.size()];
        }
        out.push_back({name, cid, leaf.size()});
    }
    return out;
}

TEST(UnixFsDirectory, A1GivesTheRatifiedCidsOfDirectories) {
    DirectoryWriter v0(0);
    EXPECT_EQ(v0.basic(vector_files("hamt-unixfs-v0-2015", 4096, 30, 30, 0)).cid.to_string(),
              "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN");
    EXPECT_EQ(v0.sharded(vector_files("hamt-unixfs-v0-2015", 4033, 31, 31, 0)).cid.to_string(),
              "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP");
    DirectoryWriter v1(1);
    EXPECT_EQ(v1.basic(vector_files("hamt-unixfs-v1-2025", 4766, 11, 21, 1)).cid.to_string(),
              "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4");
    EXPECT_EQ(v1.sharded(vector_files("hamt-unixfs-v1-2025", 4766, 11, 22, 1)).cid.to_string(),
              "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu");
    EXPECT_EQ(v0.basic({}).cid.to_string(), "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
    EXPECT_EQ(v1.basic({}).cid.to_string(),
              "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
}

TEST(UnixFsDirectory, FindsEveryNameInShards) {
    DirectoryWriter writer(1);
    auto files = vector_files("names", 3000, 12, 12, 1);
    for (std::size_t i = 0; i < files.size(); ++i) {  // each its own content
        files[i].cid = Cid::raw_sha256(crypto::sha256(as_bytes(files[i].name)));
    }
    const Cid root = writer.sharded(files).cid;
    EXPECT_GT(writer.blocks.size(), 200U) << "more than one level";
    for (const NamedLink& file : files) {
        PathWalk walk(root, {file.name});
        while (!walk.complete()) ASSERT_TRUE(walk.add(writer.blocks.at(walk.wanted())));
        EXPECT_EQ(walk.target(), file.cid);
    }
    PathWalk missing(root, {"no such name"});
    Result<void> last;
    while (last && !missing.complete()) last = missing.add(writer.blocks.at(missing.wanted()));
    ASSERT_FALSE(last);
    EXPECT_TRUE(last.error().is(std::errc::no_such_file_or_directory));
}

// From Kubo: the hash is that of the name, most significant byte first (ipfs.md, 1.3).
TEST(Murmur3, GivesThePublishedValues) {
    EXPECT_EQ(murmur3_x64_64({}), 0U);
    EXPECT_EQ(murmur3_x64_64(as_bytes("hello")), 0xcbd8a7b341bd9b02U);
    EXPECT_EQ(murmur3_x64_64(as_bytes("The quick brown fox jumps over the lazy dog")),
              0xe34bbc7bbc071b6cU);
}

TEST(UnixFsDirectory, FindsEveryFileInShardsThatKuboWrote) {
    ASSAY_FIXTURE_OR_SKIP(path, "ipfs/gateway-conformance/trustless_gateway_car/"
                                "single-layer-hamt-with-multi-block-files.car");
    const auto blocks = test::blocks_of_car(path);
    const Cid root =
        parse_cid("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i").value();
    std::size_t files = 0;
    std::vector<Cid> open = {root};
    while (!open.empty()) {
        const auto node = decode_directory_node(blocks.at(open.back()));
        open.pop_back();
        ASSERT_TRUE(node) << node.error().to_string();
        EXPECT_TRUE(node->is_shard());
        files += node->entries.size();
        for (const auto& shard : node->shards) open.push_back(shard.cid);
        for (const auto& entry : node->entries) {
            PathWalk walk(root, {entry.name});
            while (!walk.complete()) ASSERT_TRUE(walk.add(blocks.at(walk.wanted())));
            EXPECT_EQ(walk.target(), entry.cid) << entry.name;
        }
    }
    EXPECT_EQ(files, 1000U);
}

// The vectors of the gateway conformance suite say which blocks lead to a path, in order.
TEST(UnixFsDirectory, FollowsThePathsOfTheGatewayVectors) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs");
    const Bytes text = read_file(folder / "trustless-gateway-vectors.json", 1 << 20).value();
    const auto all = boost::json::parse(as_text(text)).at("vectors").as_array();
    std::size_t checked = 0;
    for (const auto& item : all) {
        const std::string_view path = item.at("path").as_string();
        const auto* fixture = item.as_object().if_contains("fixture");
        if (std::count(path.begin(), path.end(), '/') < 3 || fixture == nullptr) continue;
        const auto blocks = test::blocks_of_car(folder / "gateway-conformance" /
                                                std::string(fixture->as_string()));
        const std::string_view below = path.substr(sizeof("/ipfs/") - 1);
        const std::size_t slash = below.find('/');
        PathWalk walk(parse_cid(below.substr(0, slash)).value(),
                      split_path(below.substr(slash)).value());
        Result<void> taken;
        while (taken && !walk.complete()) taken = walk.add(blocks.at(walk.wanted()));
        const auto& expected = item.at("expect").as_array().at(0);
        EXPECT_EQ(taken.has_value(), expected.at("status") == 200) << path;
        const auto* car = expected.as_object().if_contains("car");
        if (!taken || car == nullptr) continue;
        std::vector<Cid> way = walk.passed();
        way.push_back(walk.target());
        const auto& listed = car->at("blocks").as_array();
        ASSERT_GE(listed.size(), way.size()) << path;
        for (std::size_t i = 0; i < way.size(); ++i) {
            EXPECT_EQ(way[i].to_string(), listed[i].as_string().c_str()) << path;
        }
        ++checked;
    }
    EXPECT_GE(checked, 20U);
    assay::test::count_vectors("unixfs-paths", checked);
}

TEST(UnixFsDirectory, TakesNamesAsTheyAre) {
    ASSAY_FIXTURE_OR_SKIP(path, "ipfs/gateway-conformance/path_gateway_unixfs/"
                                "dir-with-percent-encoded-filename.car");
    const auto blocks = test::blocks_of_car(path);
    const Cid root =
        parse_cid("bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34").value();
    const auto step = find_in_directory(decode_directory_node(blocks.at(root)).value(),
                                        "Portugal%2C+Espa\xc3\xb1"
                                        "a=Peninsula Ib\xc3\xa9rica.txt",
                                        0);
    ASSERT_TRUE(step);
    EXPECT_TRUE(blocks.contains(step->cid));
}

TEST(UnixFsDirectory, ReadsWhatBoxoWrote) {
    for (const char* car : {"dir-special-chars.car", "unixfs-dir-with-mode-mtime.car",
                            "directory-with-multilayer-hamt-and-multiblock-files.car"}) {
        ASSAY_FIXTURE_OR_SKIP(path, std::string("ipfs/boxo/") + car);
        std::size_t nodes = 0;
        for (const auto& [cid, block] : test::blocks_of_car(path)) {
            if (cid.codec() != Codec::kDagPb) continue;
            const auto type = unixfs_type_of(block);
            ASSERT_TRUE(type) << car << ": " << type.error().to_string();
            if (*type == UnixFsType::kSymlink) continue;
            const bool is_file = *type == UnixFsType::kFile;
            EXPECT_EQ(decode_file_node(block).has_value(), is_file) << car << cid.to_string();
            EXPECT_EQ(decode_directory_node(block).has_value(), !is_file) << cid.to_string();
            ++nodes;
        }
        EXPECT_GE(nodes, 1U) << car;
    }
}

Bytes directory_block(std::string_view unixfs_hex, std::vector<PbLink> links = {}) {
    const Bytes data = from_hex(unixfs_hex).value();
    PbNode node;
    node.data = data;
    node.links = std::move(links);
    return encode_dag_pb(node);
}

TEST(UnixFsDirectory, RefusesContradictions) {
    const PbLink a{kFileCid, "00a", 1};
    const PbLink shard{kFileCid, "00", 1};
    const struct {
        const char* why;
        Bytes block;
    } cases[] = {
        {"a file", directory_block("08021800")},
        {"no type", directory_block("")},
        {"type 6", directory_block("0806")},
        {"data in a basic one", directory_block("0801120100")},
        {"fanout in a basic one", directory_block("08013008")},
        {"block sizes", directory_block("08012001")},
        {"no name", directory_block("0801", {{kFileCid, "", 1}})},
        {"absent name", directory_block("0801", {{kFileCid, std::nullopt, 1}})},
        {"dot", directory_block("0801", {{kFileCid, ".", 1}})},
        {"out of the folder", directory_block("0801", {{kFileCid, "..", 1}})},
        {"slash", directory_block("0801", {{kFileCid, "a/b", 1}})},
        {"no fanout", directory_block("080512010128" "22", {a})},
        {"fanout 0", directory_block("080512010128" "223000", {a})},
        {"fanout 4", directory_block("080512010128" "223004", {a})},
        {"fanout 12", directory_block("080512010128" "22300c", {a})},
        {"fanout 2048", directory_block("080512010128" "22308010", {a})},
        {"fanout 2^63", directory_block("080512010128" "2230808080808080808080" "01", {a})},
        {"another hash", directory_block("080512010128" "12308002", {a})},
        {"no hash", directory_block("0805120101308002", {a})},
        {"bitmap wider than fanout", directory_block("080512020001" "28223008", {a})},
        {"more bits than links", directory_block("080512010328" "22308002", {a})},
        {"fewer bits than links", directory_block("080512010128" "22308002", {a, shard})},
        {"prefix of another place", directory_block("080512010228" "22308002", {a})},
        {"no prefix", directory_block("080512010128" "22308002", {{kFileCid, "0", 1}})},
        {"lower case prefix",
         directory_block("080512024000" "28" "22308002", {{kFileCid, "0ea", 1}})},
        {"absent name in a shard",
         directory_block("080512010128" "22308002", {{kFileCid, std::nullopt, 1}})},
        {"slash in a shard", directory_block("080512010128" "22308002", {{kFileCid, "00/", 1}})},
        {"mtime without seconds", directory_block("08014200")},
        {"mtime with 0 ns", directory_block("0801420708011500000000")},
        {"mtime with 10^9 ns", directory_block("08014207080115" "00ca9a3b")},
        {"unknown field 9", directory_block("08014800")},
    };
    for (const auto& item : cases) {
        const auto node = decode_directory_node(item.block);
        ASSERT_FALSE(node) << item.why;
        EXPECT_TRUE(node.error().is(Refusal::kMalformed)) << item.why;
    }
    EXPECT_TRUE(decode_directory_node(directory_block("080512010128" "22308002", {a})));
    EXPECT_TRUE(decode_directory_node(directory_block("080512010128" "22308002", {shard})));
    EXPECT_TRUE(decode_directory_node(directory_block("0801420708011501000000")));
    EXPECT_TRUE(decode_directory_node(directory_block("0801" "38ed03" "42020801")));
}

TEST(UnixFsDirectory, TakesTheFirstOfEqualNames) {
    const Cid other = Cid::raw_sha256({});
    const auto node = decode_directory_node(
        directory_block("0801", {{kFileCid, "a", 1}, {other, "a", 1}, {other, "b", 1}}));
    ASSERT_TRUE(node);
    EXPECT_EQ(node->entries.size(), 2U);
    EXPECT_EQ(find_in_directory(*node, "a", 0)->cid, kFileCid);
    EXPECT_FALSE(find_in_directory(*node, "c", 0));
}

TEST(PathWalk, RefusesPathsThatLeaveTheRoot) {
    EXPECT_EQ(split_path("/a//b/").value(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(split_path("").value().empty());
    EXPECT_TRUE(split_path("a/../../etc/passwd").error().is(std::errc::invalid_argument));
    EXPECT_TRUE(split_path("./a").error().is(std::errc::invalid_argument));
    std::string deep;
    for (std::size_t i = 0; i <= kPathNamesMax; ++i) deep += "a/";
    EXPECT_TRUE(split_path(deep).error().is(Refusal::kLimitExceeded));
}

// gateway-conformance outside-root.car: a symbolic link to "../foobar" and the like
TEST(PathWalk, DoesNotFollowSymbolicLinks) {
    ASSAY_FIXTURE_OR_SKIP(path, "ipfs/gateway-conformance/path_gateway_unixfs/symlink.car");
    const auto blocks = test::blocks_of_car(path);
    PathWalk walk(parse_cid("QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt").value(),
                  {"bar", "below"});
    ASSERT_TRUE(walk.add(blocks.at(walk.wanted())));
    const auto taken = walk.add(blocks.at(walk.wanted()));
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().is(std::errc::not_a_directory)) << taken.error().to_string();
}

}  // namespace
}  // namespace assay::ipfs
