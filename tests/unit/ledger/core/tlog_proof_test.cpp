#include "ledger/core/tlog_proof.hpp"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/fixtures.hpp"

namespace assay::ledger {
namespace {

TlogProof sample() {
    TlogProof proof;
    proof.index = 7;
    proof.path = {crypto::leaf_hash(as_bytes("a")), crypto::leaf_hash(as_bytes("b"))};
    proof.checkpoint = "checkpoint\n";
    return proof;
}

TEST(TlogProof, ComesBackAsItWas) {
    TlogProof alone = sample();
    alone.path.clear();
    for (const TlogProof& proof : {sample(), alone}) {
        const auto parsed = parse_tlog_proof(to_string(proof));
        ASSERT_TRUE(parsed) << parsed.error().to_string();
        EXPECT_EQ(*parsed, proof);
    }
    EXPECT_EQ(to_string(alone), "c2sp.org/tlog-proof@v1\nindex 7\n\ncheckpoint\n");
}

TEST(TlogProof, RefusesPrefixesThatEndBeforeTheCheckpoint) {
    const std::string whole = to_string(sample());
    for (std::size_t size = 0; size <= whole.size() - sample().checkpoint.size(); ++size) {
        EXPECT_FALSE(parse_tlog_proof(whole.substr(0, size))) << size;
    }
}

TEST(TlogProof, RefusesOtherForms) {
    const std::string head = "c2sp.org/tlog-proof@v1\n";
    const std::string hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    EXPECT_TRUE(parse_tlog_proof(head + "index 0\n" + hash + "\nc\n"));
    for (const std::string& bad : {
             head + "index 00\n\nc\n",
             head + "index 0 \n\nc\n",
             head + "index +1\n\nc\n",
             head + "index 0x1\n\nc\n",
             head + "index 18446744073709551616\n\nc\n",
             head + "index \n\nc\n",
             head + "Index 0\n\nc\n",
             head + "index 0\r\n\nc\n",
             head + "index 0\n" + hash.substr(4) + "\nc\n",
             head + "index 0\n " + hash + "\nc\n",
             head + "extra AAAA\nindex 0\n\nc\n",
             head + "index 0\nindex 1\n\nc\n",
         }) {
        EXPECT_FALSE(parse_tlog_proof(bad)) << bad;
    }
    std::string longest = head + "index 0\n";
    for (int i = 0; i < 64; ++i) longest += hash;
    EXPECT_TRUE(parse_tlog_proof(longest + "\nc\n"));
    EXPECT_FALSE(parse_tlog_proof(longest + hash + "\nc\n"));
    EXPECT_TRUE(parse_tlog_proof(head + "index 0\n\n" + std::string(kTlogProofBytesMax, 'c'))
                    .error()
                    .is(Refusal::kLimitExceeded));
}

// Malformed proofs of transparency-dev/formats.
TEST(TlogProof, RefusesForeignMalformedProofs) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/tlog/formats_tlog-proof_invalid.json");
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const auto file = boost::json::parse(text.str());
    const auto& cases = file.at("invalid").as_array();
    ASSERT_EQ(cases.size(), 6U);
    for (const auto& entry : cases) {
        const auto parsed = parse_tlog_proof(entry.at("proof").as_string().c_str());
        ASSERT_FALSE(parsed) << entry.at("name").as_string();
        EXPECT_TRUE(parsed.error().is(Refusal::kMalformed));
    }
}

}  // namespace
}  // namespace assay::ledger
