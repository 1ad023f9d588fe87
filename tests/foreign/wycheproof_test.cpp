// Ed25519 and ECDSA P-256 against Google's collection of known attacks.

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/signature.hpp"
#include "tests/support/ecdsa_s.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::crypto {
namespace {

namespace json = boost::json;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

json::value read_json(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return json::parse(text.str());
}

// Calls check(test case, public key as hex) for each vector of a Wycheproof file; returns how many.
template <typename Check>
int for_each_wycheproof(const std::filesystem::path& path, const char* key_field, Check check) {
    int count = 0;
    const json::value file = read_json(path);
    for (const json::value& group : file.at("testGroups").as_array()) {
        const auto& key = group.at("publicKey").at(key_field).as_string();
        for (const json::value& test : group.at("tests").as_array()) {
            SCOPED_TRACE(json::serialize(test));
            check(test, std::string(key));
            ++count;
        }
    }
    return count;
}

TEST(Ed25519, AgreesWithWycheproof) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/wycheproof/ed25519_test.json");
    const int count =
        for_each_wycheproof(path, "pk", [](const json::value& test, const std::string& pk) {
            const PublicKey key{Algorithm::kEd25519, hex(pk)};
            const Bytes message = hex(test.at("msg").as_string());
            const Bytes signature = hex(test.at("sig").as_string());
            const bool valid = test.at("result").as_string() == "valid";
            EXPECT_EQ(verify(key, message, signature), valid);
            EXPECT_EQ(verify_by_openssl(key, message, signature), valid);
        });
    EXPECT_EQ(count, 151);
    test::count_vectors("wycheproof-ed25519", 151);
}

// Wycheproof counts both s and n - s as valid, since ECDSA as such does. We accept the low one
// only.
TEST(EcdsaP256, AgreesWithWycheproofButForHighS) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json");
    int high = 0;
    int low = 0;
    const int count = for_each_wycheproof(
        path, "uncompressed", [&](const json::value& test, const std::string& point) {
            const PublicKey key{Algorithm::kEcdsaP256, hex(point)};
            const Bytes message = hex(test.at("msg").as_string());
            const Bytes signature = hex(test.at("sig").as_string());
            const bool valid = test.at("result").as_string() == "valid";
            if (valid && test::has_high_s(signature)) {
                ++high;
                EXPECT_FALSE(verify(key, message, signature));
                EXPECT_TRUE(verify(key, message, test::with_other_s(signature)));
            } else {
                low += valid ? 1 : 0;
                EXPECT_EQ(verify(key, message, signature), valid);
            }
        });
    EXPECT_EQ(count, 262);
    test::count_vectors("wycheproof-p256-sha256", 262);
    EXPECT_EQ(high + low, 173);
    EXPECT_GT(high, 10);
    EXPECT_GT(low, 10);
}

}  // namespace
}  // namespace assay::crypto
