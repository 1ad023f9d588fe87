#include "host/ipfs/cid.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/fixtures.hpp"

namespace assay::ipfs {
namespace {

// ipfs/specs, IPIP-499: profiles, "hello world"
constexpr std::string_view kHelloRaw =
    "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
constexpr std::string_view kHelloV0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";

TEST(Cid, NamesARawBlockByItsHash) {
    const Cid cid = Cid::raw_sha256(crypto::sha256(as_bytes("hello world")));
    EXPECT_EQ(cid.to_string(), kHelloRaw);
    EXPECT_EQ(parse_cid(kHelloRaw), cid);
    EXPECT_EQ(decode_cid(cid.bytes()), cid);
    EXPECT_EQ(cid.sha256(), crypto::sha256(as_bytes("hello world")));
}

TEST(Cid, OfVersion0IsABareMultihash) {
    const auto cid = parse_cid(kHelloV0);
    ASSERT_TRUE(cid);
    EXPECT_EQ(cid->version(), 0);
    EXPECT_EQ(cid->codec(), Codec::kDagPb);
    EXPECT_EQ(cid->bytes(), cid->multihash());
    EXPECT_EQ(cid->to_string(), kHelloV0);
    // The same block under its name of version 1 is a different CID.
    EXPECT_NE(*cid, Cid::dag_pb_sha256(cid->sha256()));
}

TEST(Cid, IsTheSameInEveryBase) {
    const Cid cid = parse_cid(kHelloRaw).value();
    for (const Base base : {Base::kBase16, Base::kBase32, Base::kBase36, Base::kBase58Btc}) {
        EXPECT_EQ(parse_cid(cid.to_string(base)), cid) << static_cast<char>(base);
    }
}

TEST(Cid, AcceptsTheProbeAndOtherIdentities) {
    const auto probe = parse_cid("bafkqaaa");
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->hash_code(), HashCode::kIdentity);
    EXPECT_TRUE(probe->digest().empty());
    // multiformats/codec-fixtures, cid-bafkqabiaaebagba
    EXPECT_EQ(to_hex(parse_cid("bafkqabiaaebagba")->digest()), "0001020304");
}

TEST(Cid, RefusesIdentitiesOf129Bytes) {
    Bytes longest = from_hex("0155008001").value();
    longest.resize(longest.size() + 128);
    EXPECT_TRUE(decode_cid(longest));
    Bytes longer = from_hex("0155008101").value();
    longer.resize(longer.size() + 129);
    const auto refused = decode_cid(longer);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(Refusal::kCidUnsupported));
}

TEST(Cid, ReadsTheOnesOfTheCodecFixtures) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/codec-fixtures/fixtures");
    std::size_t read = 0;
    std::size_t unsupported = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("cid-") || name == "cid-arrayof" || name == "cid-mapof") continue;
        const auto cid = parse_cid(name.substr(4));
        if (cid) {
            ++read;
            EXPECT_EQ(decode_cid(cid->bytes()), *cid) << name;
        } else {
            ++unsupported;
            EXPECT_TRUE(cid.error().is(Refusal::kCidUnsupported)) << cid.error().to_string();
        }
    }
    EXPECT_GE(read, 12U);
    EXPECT_LE(unsupported, 4U);
}

// codec-fixtures: the hash of a Bitcoin block header, as Bitcoin computes it, is a CID.
TEST(Cid, CarriesABitcoinBlockHash) {
    const auto cid = parse_cid("bagyacvradn6dsgl6sw2jwoh7s3d37hq5wsu7g22wtdwnmaaaaaaaaaaaaaaa");
    ASSERT_TRUE(cid);
    EXPECT_EQ(cid->codec(), Codec::kBitcoinBlock);
    EXPECT_EQ(cid->hash_code(), HashCode::kDblSha256);
    EXPECT_EQ(to_hex(cid->digest().subspan(24)), "0000000000000000");
}

TEST(Cid, RefusesOtherHashesByName) {
    // blake2b-256 (0xb220), and a sha2-256 digest cut to 20 bytes
    Bytes blake = from_hex("0155a0e40220").value();
    blake.resize(blake.size() + 32);
    Bytes cut = from_hex("01551214").value();
    cut.resize(cut.size() + 20);
    for (const Bytes& bytes : {blake, cut}) {
        const auto cid = decode_cid(bytes);
        ASSERT_FALSE(cid);
        EXPECT_TRUE(cid.error().is(Refusal::kCidUnsupported)) << cid.error().to_string();
    }
}

TEST(Cid, RefusesEveryPrefixAndEverythingAppended) {
    for (const std::string_view text : {kHelloRaw, kHelloV0}) {
        const Bytes bytes = parse_cid(text)->bytes();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_FALSE(decode_cid(ByteView(bytes).first(size))) << size;
        }
        Bytes more = bytes;
        more.push_back(std::byte{0});
        EXPECT_FALSE(decode_cid(more));
    }
}

TEST(Cid, NoFlippedBitIsTheSameCid) {
    const Cid cid = parse_cid(kHelloRaw).value();
    const Bytes bytes = cid.bytes();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes flipped = bytes;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto other = decode_cid(flipped);
        if (!other) continue;
        EXPECT_NE(*other, cid) << bit;
        EXPECT_EQ(other->bytes(), flipped) << bit;
    }
}

TEST(Cid, RefusesTextsThatAreNone) {
    for (const char* text :
         {"", "b", "notacid", "Qm", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32k",
          "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyf0", "bafk qaaa", "../../etc/passwd"}) {
        EXPECT_FALSE(parse_cid(text)) << text;
    }
    // Version 0 behind a multibase letter
    EXPECT_FALSE(parse_cid("z" + std::string(kHelloV0)));
}

}  // namespace
}  // namespace assay::ipfs
