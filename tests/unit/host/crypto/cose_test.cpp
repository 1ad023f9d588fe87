#include "host/crypto/cose.hpp"

#include <gtest/gtest.h>

#include "host/base/cbor.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// An Ed25519 key whose seed is 32 times the same byte.
PrivateKey key_of(char seed) {
    Bytes der = hex("302e020100300506032b657004220420");
    append(der, to_bytes(std::string(32, seed)));
    return PrivateKey::from_pem(as_bytes("-----BEGIN PRIVATE KEY-----\n" + to_base64(der) +
                                         "\n-----END PRIVATE KEY-----\n"))
        .value();
}

// Made with pyca/cryptography 48 and a CBOR encoder of a dozen lines: keys of seeds 1 and 2.
const Bytes kPayload = hex("a10001");
const CoseHeader kHeader{.issuer = "oem", .subject = "a/b/c"};
const std::string kSign1 =
    "d284581ba301270448d2dd6e81a001b70a0fa201636f656d0265612f622f63a043a100015840712cdfae8e429670ac"
    "93"
    "a26316659f973caed82a8ebaa0402f4ada5f1159c46b90fd0d9f37055d692c8e7493c013dd1b19d81c6d24deed3a7e"
    "03"
    "e6a473198902";
const std::string kSign1WithoutClaims =
    "d2844da201270448d2dd6e81a001b70aa043a1000158404dec80847793dcb337550f0ffad254d0d87cd2d589ff4376"
    "c8"
    "b533664b442bee642b3272677f587f06ce1b7cc454f9de8c27d2647487d1d7447650ef79524309";
const std::string kSign =
    "d862844fa10fa201636f656d0265612f622f63a043a1000182834da201270448d2dd6e81a001b70aa058409cb8b7f4"
    "cf"
    "e2349609aff33d3a1b62a429a92ee4d68ae958c432501647dd88b1c94954d9847938c84e59c88ed775e3eeb9d4acb9"
    "0e"
    "6189526d6cfdc88a40e605834da201270448b7aad8bfb5dfa912a058401adb9d9d40f752f66833feefac9a2a91722b"
    "8b"
    "e765a2c8816cfae2afb4c9a634975c5d7e5b8cac7bd598cc1458d4f7c30c778a3df69c9c1e91f4e857269d2003";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

testing::AssertionResult refused(const std::string& text, Refusal word = Refusal::kMalformed) {
    const Bytes bytes = hex(text);
    const auto message = decode_cose(bytes);
    if (message) return testing::AssertionFailure() << "accepted";
    if (!message.error().is(word))
        return testing::AssertionFailure() << message.error().to_string();
    return testing::AssertionSuccess();
}

TEST(CoseSign1, EncodesTheGoldenVectors) {
    EXPECT_EQ(to_hex(cose_sign1(key_of(1), kHeader, kPayload).value()), kSign1);
    EXPECT_EQ(to_hex(cose_sign1(key_of(1), {}, kPayload).value()), kSign1WithoutClaims);
}

TEST(CoseSign1, DecodesTheGoldenVector) {
    const Bytes bytes = hex(kSign1);
    const auto message = decode_cose(bytes);
    ASSERT_TRUE(message) << message.error().to_string();
    EXPECT_EQ(message->header, kHeader);
    EXPECT_EQ(to_hex(message->payload), "a10001");
    ASSERT_EQ(message->signatures.size(), 1U);
    const CoseSignature& signature = message->signatures.front();
    EXPECT_EQ(signature.algorithm, Algorithm::kEd25519);
    EXPECT_EQ(signature.key_id, key_id(key_of(1).public_key()));
    EXPECT_TRUE(verify(signature, key_of(1).public_key()));
    EXPECT_FALSE(verify(signature, key_of(2).public_key()));
}

TEST(CoseSign, EncodesAndDecodesTheGoldenVector) {
    const PrivateKey first = key_of(1);
    const PrivateKey second = key_of(2);
    const std::vector<const PrivateKey*> keys{&first, &second};
    EXPECT_EQ(to_hex(cose_sign(keys, kHeader, kPayload).value()), kSign);

    const Bytes bytes = hex(kSign);
    const auto message = decode_cose(bytes);
    ASSERT_TRUE(message) << message.error().to_string();
    EXPECT_EQ(message->header, kHeader);
    EXPECT_EQ(to_hex(message->payload), "a10001");
    ASSERT_EQ(message->signatures.size(), 2U);
    EXPECT_TRUE(verify(message->signatures[0], first.public_key()));
    EXPECT_TRUE(verify(message->signatures[1], second.public_key()));
    EXPECT_FALSE(verify(message->signatures[0], second.public_key()));
}

TEST(Cose, SignsWithBothAlgorithmsInOneMessage) {
    const PrivateKey ecdsa = PrivateKey::generate(Algorithm::kEcdsaP256).value();
    const PrivateKey ed25519 = key_of(2);
    const std::vector<const PrivateKey*> keys{&ecdsa, &ed25519};
    const Bytes bytes = cose_sign(keys, {}, kPayload).value();
    const auto message = decode_cose(bytes);
    ASSERT_TRUE(message) << message.error().to_string();
    EXPECT_EQ(message->header, CoseHeader{});
    EXPECT_TRUE(verify(message->signatures[0], ecdsa.public_key()));
    EXPECT_TRUE(verify(message->signatures[1], ed25519.public_key()));
    const Bytes single = cose_sign1(ecdsa, kHeader, kPayload).value();
    EXPECT_TRUE(verify(decode_cose(single)->signatures[0], ecdsa.public_key()));
}

TEST(Cose, ADraftIsTheMessageOnceEveryoneHasSigned) {
    const PrivateKey a = key_of(1);
    const PrivateKey b = key_of(2);
    const PublicKey both[] = {a.public_key(), b.public_key()};
    Bytes draft = cose_draft(both, kHeader, kPayload).value();
    EXPECT_TRUE(is_blank(decode_cose(draft)->signatures[0]));
    ASSERT_TRUE(cose_sign_draft(draft, b));
    EXPECT_TRUE(is_blank(decode_cose(draft)->signatures[0]));
    EXPECT_FALSE(is_blank(decode_cose(draft)->signatures[1]));
    EXPECT_TRUE(cose_sign_draft(draft, key_of(3)).error().is(Refusal::kSignerUnknown));
    ASSERT_TRUE(cose_sign_draft(draft, a));
    const std::vector<const PrivateKey*> keys{&a, &b};
    EXPECT_EQ(draft, cose_sign(keys, kHeader, kPayload).value());  // Ed25519 signs alike each time
    Bytes one = cose_draft({both, 1}, kHeader, kPayload).value();
    ASSERT_TRUE(cose_sign_draft(one, a));
    EXPECT_EQ(one, cose_sign1(a, kHeader, kPayload).value());
}

TEST(Cose, RefusesEveryPrefixAndTrailingBytes) {
    for (const std::string& text : {kSign1, kSign1WithoutClaims, kSign}) {
        for (std::size_t size = 0; size < text.size(); size += 2) {
            const Bytes bytes = hex(text.substr(0, size));
            EXPECT_FALSE(decode_cose(bytes)) << size / 2;
        }
        EXPECT_TRUE(refused(text + "00"));
    }
}

// Whatever bit a relay flips: the message no longer decodes, or no longer verifies.
TEST(Cose, LetsNoFlippedBitPass) {
    const PublicKey keys[] = {key_of(1).public_key(), key_of(2).public_key()};
    for (const std::string& text : {kSign1, kSign}) {
        Bytes bytes = hex(text);
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
            const std::byte mask = std::byte{1} << (bit % 8);
            bytes[bit / 8] ^= mask;
            const auto message = decode_cose(bytes);
            bool good = message.has_value();
            for (std::size_t i = 0; good && i < message->signatures.size(); ++i) {
                good = verify(message->signatures[i], keys[i]);
            }
            EXPECT_FALSE(good) << "bit " << bit;
            bytes[bit / 8] ^= mask;
        }
    }
}

TEST(Cose, RefusesASecondEncodingOfTheSameMessage) {
    EXPECT_TRUE(refused(kSign1.substr(2))) << "no tag";
    EXPECT_TRUE(refused("d3" + kSign1.substr(2))) << "tag 19";
    EXPECT_TRUE(refused(replaced(kSign1, "d284", "d283"))) << "three items";
    // An entry in the unprotected header, which no signature covers.
    EXPECT_TRUE(refused(replaced(kSign1, "a043a10001", "a1044043a10001"), Refusal::kLimitExceeded));
    EXPECT_TRUE(refused(replaced(kSign, "a043a10001", "a1044043a10001"), Refusal::kLimitExceeded));
    // The payload's length in two bytes instead of one.
    EXPECT_TRUE(refused(replaced(kSign1, "43a10001", "5803a10001")));
    // A detached payload (null).
    EXPECT_TRUE(refused(replaced(kSign1, "43a10001", "f6")));
    // An empty protected header spelled as an empty map.
    const std::string bare = replaced(kSign, "4fa10fa201636f656d0265612f622f63", "40");
    const Bytes bare_bytes = hex(bare);
    EXPECT_TRUE(decode_cose(bare_bytes));
    EXPECT_TRUE(refused(replaced(bare, "d8628440", "d8628441a0")));
}

TEST(Cose, RefusesHeadersThatAreNotInTheFormat) {
    const std::string id = "0448d2dd6e81a001b70a";
    const std::string header = "4da20127" + id;
    const auto with = [&](const std::string& other) {
        return replaced(kSign1WithoutClaims, header, other);
    };
    EXPECT_TRUE(refused(with("4ba1" + id))) << "no algorithm";
    EXPECT_TRUE(refused(with("43a10127"))) << "no key id";
    EXPECT_TRUE(refused(with("40"))) << "neither";
    EXPECT_TRUE(refused(with("4da20128" + id))) << "ES512 algorithm -9";
    EXPECT_TRUE(refused(with("4da2" + id + "0127"))) << "keys out of order";
    EXPECT_TRUE(refused(with("50a30127028101" + id))) << "the critical header";
    EXPECT_TRUE(refused(with("4ea20127" + id + "00"))) << "bytes after the map";
    EXPECT_TRUE(refused(with("4ca201270447d2dd6e81a001b7"))) << "key id of 7 bytes";
    EXPECT_TRUE(refused(with("4fa30127" + id + "0fa0"))) << "empty claims";
    EXPECT_TRUE(refused(with("52a30127" + id + "0fa1036161"))) << "claim 3, audience";
    // In COSE_Sign, who signs belongs to the signature and the claims to the body.
    EXPECT_TRUE(refused(replaced(kSign, "4fa10fa201636f656d0265612f622f63", header)));
    EXPECT_TRUE(refused(replaced(kSign, header, "53a30127" + id + "0fa101636f656d")));
}

TEST(Cose, RefusesTwoSignaturesByOneKey) {
    EXPECT_TRUE(refused(replaced(kSign, "b7aad8bfb5dfa912", "d2dd6e81a001b70a")));
    const PrivateKey key = key_of(1);
    const std::vector<const PrivateKey*> twice{&key, &key};
    EXPECT_FALSE(cose_sign(twice, kHeader, kPayload));
}

TEST(Cose, HoldsItsLimitsOnBothSides) {
    const PrivateKey key = key_of(1);
    EXPECT_TRUE(cose_sign1(key, {}, Bytes(kCosePayloadBytesMax)));
    EXPECT_TRUE(
        cose_sign1(key, {}, Bytes(kCosePayloadBytesMax + 1)).error().is(Refusal::kLimitExceeded));
    const CoseHeader longest{.issuer = std::string(kCoseClaimBytesMax, 'i'),
                             .subject = std::string(kCoseClaimBytesMax, 's')};
    const Bytes fits = cose_sign1(key, longest, kPayload).value();
    EXPECT_EQ(decode_cose(fits)->header, longest);
    const CoseHeader longer{.issuer = std::nullopt,
                            .subject = std::string(kCoseClaimBytesMax + 1, 's')};
    EXPECT_TRUE(cose_sign1(key, longer, kPayload).error().is(Refusal::kLimitExceeded));

    const Bytes two = hex(kSign);
    EXPECT_TRUE(decode_cose(two, {.signatures_max = 1}).error().is(Refusal::kLimitExceeded));
    EXPECT_TRUE(decode_cose(two, {.payload_bytes_max = 2}).error().is(Refusal::kLimitExceeded));
    EXPECT_TRUE(decode_cose(two, {.payload_bytes_max = 3, .signatures_max = 2}));
    EXPECT_TRUE(refused(replaced(kSign, "82834d", "80834d"))) << "no signature at all";
    EXPECT_FALSE(cose_sign({}, kHeader, kPayload));
}

}  // namespace
}  // namespace assay::crypto
