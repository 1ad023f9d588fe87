#include "host/crypto/signature.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/ecdsa_s.hpp"

namespace assay::crypto {
namespace {

Bytes unhex(std::string_view text) { return from_hex(text).value(); }

PublicKey ed25519(std::string_view text) { return {Algorithm::kEd25519, unhex(text)}; }

class EitherAlgorithm : public testing::TestWithParam<Algorithm> {
  protected:
    PrivateKey key_ = PrivateKey::generate(GetParam()).value();
};

TEST_P(EitherAlgorithm, VerifiesWhatItSigned) {
    for (const std::size_t size : {0U, 1U, 80U, 65'535U}) {
        const Bytes message(size, std::byte{0x5a});
        const auto signature = key_.sign(message);
        ASSERT_TRUE(signature);
        EXPECT_EQ(signature->size(), kSignatureBytes);
        EXPECT_TRUE(verify(key_.public_key(), message, *signature));
    }
}

TEST_P(EitherAlgorithm, RefusesEverySingleBitFlip) {
    const Bytes message = to_bytes("release 7");
    Bytes signature = key_.sign(message).value();
    for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
        const std::byte mask = std::byte{1} << (bit % 8);
        signature[bit / 8] ^= mask;
        EXPECT_FALSE(verify(key_.public_key(), message, signature)) << bit;
        signature[bit / 8] ^= mask;
    }
    PublicKey key = key_.public_key();
    for (std::size_t bit = 0; bit < 8 * key.bytes.size(); ++bit) {
        const std::byte mask = std::byte{1} << (bit % 8);
        key.bytes[bit / 8] ^= mask;
        EXPECT_FALSE(verify(key, message, signature)) << bit;
        key.bytes[bit / 8] ^= mask;
    }
    EXPECT_TRUE(verify(key, message, signature));
}

TEST_P(EitherAlgorithm, RefusesOtherMessagesKeysAndLengths) {
    const Bytes signature = key_.sign(as_bytes("yes")).value();
    const PublicKey stranger = PrivateKey::generate(GetParam())->public_key();
    EXPECT_FALSE(verify(key_.public_key(), as_bytes("no"), signature));
    EXPECT_FALSE(verify(stranger, as_bytes("yes"), signature));
    Bytes longer = signature;
    for (std::size_t size = 0; size < 64; ++size) {
        EXPECT_FALSE(verify(key_.public_key(), as_bytes("yes"), ByteView(signature).first(size)));
    }
    longer.push_back(std::byte{0});
    EXPECT_FALSE(verify(key_.public_key(), as_bytes("yes"), longer));
    EXPECT_FALSE(verify(PublicKey{GetParam(), {}}, as_bytes("yes"), signature));
}

TEST_P(EitherAlgorithm, SurvivesPem) {
    const auto again = PrivateKey::from_pem(key_.to_pem().value());
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->public_key(), key_.public_key());
    EXPECT_TRUE(verify(key_.public_key(), as_bytes("m"), again->sign(as_bytes("m")).value()));
    EXPECT_TRUE(as_text(key_.to_pem().value()).starts_with("-----BEGIN PRIVATE KEY-----"));
}

TEST_P(EitherAlgorithm, HasTheDocumentedKeyId) {
    Bytes named{static_cast<std::byte>(GetParam())};
    append(named, key_.public_key().bytes);
    const KeyId id = key_id(key_.public_key());
    EXPECT_EQ(to_hex(id), to_hex(sha256(named).view().first(8)));
}

TEST_P(EitherAlgorithm, ParsesItsPublicKeysOnly) {
    const PublicKey& key = key_.public_key();
    EXPECT_EQ(parse_public_key(key.algorithm, key.bytes).value(), key);
    const auto other =
        GetParam() == Algorithm::kEd25519 ? Algorithm::kEcdsaP256 : Algorithm::kEd25519;
    EXPECT_TRUE(parse_public_key(other, key.bytes).error().is(Refusal::kMalformed));
    for (std::size_t size = 0; size < key.bytes.size(); ++size) {
        EXPECT_FALSE(parse_public_key(key.algorithm, ByteView(key.bytes).first(size)));
    }
    EXPECT_EQ(parse_algorithm(to_string(GetParam())).value(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Signature,
                         EitherAlgorithm,
                         testing::Values(Algorithm::kEd25519, Algorithm::kEcdsaP256),
                         [](const auto& suite) {
                             return suite.param == Algorithm::kEd25519 ? "Ed25519" : "EcdsaP256";
                         });

TEST(PrivateKey, RefusesOtherKindsOfKey) {
    // secp256k1 and X25519, made with `openssl genpkey`.
    const char* const others[] = {
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIHBU3TWKgUYWVKVQ1EwXmKkL5tGKzvmiz5mSmmFhdV1n\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgVLSRPfFhqxMnmWqeRhvt\n"
        "FF6v1sDJD+YBStSjj/E0ip+hRANCAATudbVxNr5t64Ima8hxfETWyEJURiJTpo3R\n"
        "7Xzr4ABcnqZUOeTIcCSFhJutsuJ13N9aGCgHp9O7QJl2hW2eqo7R\n"
        "-----END PRIVATE KEY-----\n",
        "no key at all", ""};
    for (const char* pem : others) {
        const auto key = PrivateKey::from_pem(as_bytes(pem));
        ASSERT_FALSE(key) << pem;
        EXPECT_TRUE(key.error().is(Refusal::kMalformed)) << key.error().to_string();
    }
}

TEST(Ed25519, MatchesRfc8032) {
    // Section 7.1, test 3, with the seed wrapped in PKCS#8.
    const Bytes der =
        unhex("302e020100300506032b657004220420"
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    const auto key = PrivateKey::from_pem(as_bytes(
        "-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n"));
    ASSERT_TRUE(key) << key.error().to_string();
    EXPECT_EQ(to_hex(key->public_key().bytes),
              "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    EXPECT_EQ(to_hex(key->sign(unhex("af82")).value()),
              "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
              "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
}

TEST(Ed25519, RefusesKeysOfSmallOrderAndOtherSpellings) {
    // With the neutral element as key, R = neutral and S = 0 "sign" every message.
    const std::string neutral = "01" + std::string(62, '0');
    EXPECT_FALSE(
        verify(ed25519(neutral), as_bytes("anything"), unhex(neutral + std::string(64, '0'))));

    const std::string prime_minus_one = "ec" + std::string(60, 'f') + "7f";
    const char* const small[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",  // order 1
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // order 2
        "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
        "0000000000000000000000000000000000000000000000000000000000000080",  // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",  // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",  // order 8
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p, for 0
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1, for 1
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 3, for 3
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    for (const char* key : small) {
        EXPECT_FALSE(parse_public_key(Algorithm::kEd25519, unhex(key))) << key;
    }
}

TEST(EcdsaP256, SignsWithLowSOnly) {
    const PrivateKey key = PrivateKey::generate(Algorithm::kEcdsaP256).value();
    for (int i = 0; i < 64; ++i) {  // each has an even chance to come out high
        const Bytes message = to_bytes(std::to_string(i));
        const Bytes signature = key.sign(message).value();
        ASSERT_FALSE(test::has_high_s(signature));
        EXPECT_FALSE(verify(key.public_key(), message, test::with_other_s(signature)));
    }
}

TEST(EcdsaP256, RefusesZeroAndOutOfRangeScalars) {
    const PrivateKey key = PrivateKey::generate(Algorithm::kEcdsaP256).value();
    const Bytes good = key.sign(as_bytes("m")).value();
    for (const std::size_t part : {0U, 32U}) {
        Bytes zero = good;
        std::fill_n(zero.begin() + static_cast<std::ptrdiff_t>(part), 32, std::byte{0});
        EXPECT_FALSE(verify(key.public_key(), as_bytes("m"), zero));
        Bytes order = good;
        std::copy(test::kP256Order.begin(), test::kP256Order.end(),
                  order.begin() + static_cast<std::ptrdiff_t>(part));
        EXPECT_FALSE(verify(key.public_key(), as_bytes("m"), order));
    }
}

TEST(EcdsaP256, RefusesOtherSpellingsOfAPoint) {
    const PublicKey key = PrivateKey::generate(Algorithm::kEcdsaP256)->public_key();
    const bool odd = (key.bytes.back() & std::byte{1}) != std::byte{0};
    Bytes compressed(key.bytes.begin(), key.bytes.begin() + 33);
    compressed[0] = odd ? std::byte{3} : std::byte{2};
    EXPECT_FALSE(parse_public_key(Algorithm::kEcdsaP256, compressed));
    Bytes hybrid = key.bytes;
    hybrid[0] = odd ? std::byte{7} : std::byte{6};
    EXPECT_FALSE(parse_public_key(Algorithm::kEcdsaP256, hybrid));
    EXPECT_FALSE(parse_public_key(Algorithm::kEcdsaP256, unhex("00")));
}

}  // namespace
}  // namespace assay::crypto
