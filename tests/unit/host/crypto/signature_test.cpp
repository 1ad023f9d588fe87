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

// The corner cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020; cases.json of
// novifinancial/ed25519-speccheck), on which libraries differ: small and mixed orders, S at or above
// the group's order, other spellings of R. And as OpenSSL sees them: members and devices must never
// disagree.
class Ed25519Corners : public testing::Test {
  protected:
    struct Case {
        const char* message;
        const char* key;
        const char* signature;
    };
    static constexpr Case kCases[] = {
        {"8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
         "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
         "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
         "0000000000000000000000000000000000000000000000000000000000000000"},
        {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
         "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
         "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
         "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"},
        {"aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
         "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
         "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
         "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e"},
        {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
         "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
         "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
         "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009"},
        {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
         "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
         "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
         "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09"},
        {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
         "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
         "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
         "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405"},
        {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
         "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
         "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
         "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514"},
        {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
         "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
         "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
         "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22"},
        {"fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
         "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
         "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
         "454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607"},
        {"84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
         "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
         "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
         "084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09"}};

    // Both, compared.
    static bool takes(ByteView key, ByteView message, ByteView signature) {
        const PublicKey named{Algorithm::kEd25519, to_bytes(key)};
        const bool ours = verify(named, message, signature);
        EXPECT_EQ(ours, verify_by_openssl(named, message, signature)) << to_hex(signature);
        return ours;
    }
};

TEST_F(Ed25519Corners, TakesMixedOrderWithoutCofactorAlone) {
    for (std::size_t i = 0; i < std::size(kCases); ++i) {
        const Case& each = kCases[i];
        EXPECT_EQ(takes(unhex(each.key), unhex(each.message), unhex(each.signature)), i == 3) << i;
    }
}

TEST_F(Ed25519Corners, AgreesWithOpensslOnFlippedBits) {
    const Case& mixed = kCases[3];
    const PrivateKey own = PrivateKey::generate(Algorithm::kEd25519).value();
    const Bytes message = unhex(mixed.message);
    const std::pair<Bytes, Bytes> originals[] = {
        {unhex(mixed.key), unhex(mixed.signature)},
        {own.public_key().bytes, own.sign(message).value()}};
    for (const auto& [key, signature] : originals) {
        EXPECT_TRUE(takes(key, message, signature));
        for (std::size_t bit = 0; bit < 96 * 8; ++bit) {
            Bytes other_key = key;
            Bytes other_signature = signature;
            Bytes& changed = bit < 64 * 8 ? other_signature : other_key;
            changed[bit / 8 % changed.size()] ^= std::byte{1} << (bit % 8);
            EXPECT_FALSE(takes(other_key, message, other_signature)) << bit;
        }
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
