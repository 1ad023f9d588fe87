#include "host/crypto/sha256.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::crypto {
namespace {

std::string hex(const Sha256Digest& digest) { return to_hex(digest.view()); }

// FIPS 180-2, appendix B, and NIST's "examples with intermediate values".
TEST(Sha256, MatchesTheExamplesOfNist) {
    EXPECT_EQ(hex(sha256(as_bytes(""))),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha256(as_bytes("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"))),
              "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

TEST(Sha256, StreamsAMillionLetters) {
    const std::string thousand(1000, 'a');
    Sha256 hash;
    for (int i = 0; i < 1000; ++i) hash.update(as_bytes(thousand));
    EXPECT_EQ(hex(hash.finish()),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, StartsAnewAfterFinish) {
    Sha256 hash;
    hash.update(as_bytes("something else"));
    static_cast<void>(hash.finish());
    EXPECT_EQ(hash.update(as_bytes("abc")).finish(), sha256(as_bytes("abc")));
}

TEST(Sha256, JoinsPartsWithoutSeparator) {
    EXPECT_EQ(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha256(as_bytes("abc")));
}

TEST(Sha256d, GivesTheIdOfTheBitcoinGenesisBlock) {
    const auto header = from_hex(
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd"
        "7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c");
    ASSERT_EQ(header->size(), 80U);
    EXPECT_EQ(hex(sha256d(*header)),
              "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000");
}

}  // namespace
}  // namespace assay::crypto
