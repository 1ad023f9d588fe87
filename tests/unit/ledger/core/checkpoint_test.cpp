#include "ledger/core/checkpoint.hpp"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;
using test::TestLog;

class CheckpointTest : public testing::Test {
  protected:
    CheckpointTest() {
        for (const char* entry : {"a", "b", "c"}) log_.add(as_bytes(entry));
    }
    [[nodiscard]] std::string note(const std::vector<Slot>& slots,
                                   std::uint64_t time = 1000) const {
        return log_.note(time, slots);
    }
    [[nodiscard]] std::string word(const std::string& text) const {
        const auto found = verify_checkpoint(text, TestConsortium::kOrigin, epoch_);
        return found ? "accepted" : found.error().code().message();
    }
    TestConsortium consortium_;
    TestLog log_{consortium_};
    EpochRecord epoch_ = first_epoch(consortium_.chain_id, consortium_.registry());
};

TEST_F(CheckpointTest, TextHasThreeLines) {
    const Checkpoint checkpoint{"log.example", 3, crypto::empty_root()};
    const std::string text = "log.example\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    EXPECT_EQ(checkpoint_text(checkpoint), text);
    EXPECT_EQ(parse_checkpoint_text(text).value(), checkpoint);
    for (const std::string& bad :
         {std::string("log.example\n03\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
          std::string("log.example\n+3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
          std::string(
              "log.example\n18446744073709551616\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
          std::string("\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"),
          std::string("log.example\n3\n47DEQpj8HBSa\n"), text + "extension\n", text + "\n",
          text.substr(0, text.size() - 1), std::string()}) {
        EXPECT_FALSE(parse_checkpoint_text(bad)) << bad;
    }
}

TEST_F(CheckpointTest, CountsWithAQuorumOfDistinctMembers) {
    EXPECT_EQ(epoch_.quorum, 3U);
    EXPECT_EQ(word(note({0, 1, 2, 3})), "accepted");
    EXPECT_EQ(word(note({3, 1, 2})), "accepted");
    EXPECT_EQ(word(note({0, 1})), "quorum-not-met");
    EXPECT_EQ(word(note({0, 1, 1, 1})), "quorum-not-met");
    EXPECT_EQ(verify_checkpoint(note({0, 1, 2}), "other.example", epoch_).error().to_string(),
              "checkpoint is of log test.example/consortium: origin-mismatch");
}

TEST_F(CheckpointTest, NeedsALogSignature) {
    Note parsed = parse_note(note({0, 1, 2})).value();
    parsed.signatures.erase(parsed.signatures.begin());
    EXPECT_EQ(word(to_string(parsed)), "quorum-not-met");
}

TEST_F(CheckpointTest, TimeIsTheLeastOfTheNewestQuorum) {
    // Times 1000 to 1003; the three newest are 1001, 1002, 1003.
    const auto found = verify_checkpoint(note({0, 1, 2, 3}), TestConsortium::kOrigin, epoch_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->time, 1001U);
    EXPECT_EQ(found->cosignatures.size(), 4U);
    EXPECT_EQ(found->cosignatures[3], (Cosignature{3, 1003}));
}

TEST_F(CheckpointTest, OneFreshCosignatureDoesNotFreshenOldOnes) {
    Note old = parse_note(note({0, 1, 2})).value();
    old.signatures.push_back(
        cosign_checkpoint(log_.checkpoint(), "gateway-2", 999'999, consortium_.members[3].cosign)
            .value());
    const auto found = verify_checkpoint(to_string(old), TestConsortium::kOrigin, epoch_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->time, 1001U);
}

TEST_F(CheckpointTest, SignaturesOfStrangersAndOtherTextsDoNotCount) {
    TestLog other(consortium_);
    other.add(as_bytes("another entry"));
    Note mixed = parse_note(note({0, 1})).value();
    const Note foreign = parse_note(other.note(1000, {2})).value();
    mixed.signatures.push_back(foreign.signatures.back());
    mixed.signatures.push_back(
        cosign_checkpoint(log_.checkpoint(), "stranger", 1000, test::key_named("stranger"))
            .value());
    mixed.signatures.push_back(
        cosign_checkpoint(log_.checkpoint(), "gateway-2", 1000, test::key_named("stranger"))
            .value());
    EXPECT_EQ(word(to_string(mixed)), "quorum-not-met");
}

TEST_F(CheckpointTest, EveryByteOfAQuorumNoteCounts) {
    const std::string text = note({0, 1, 2});
    const auto accepts = [&](ByteView bytes) {
        return word(std::string(as_text(bytes))) == "accepted";
    };
    test::expect_every_bit_counts(as_bytes(text), accepts, 9);
}

TEST_F(CheckpointTest, MergeKeepsTheNewestOfEachMemberAndDropsTheInvalid) {
    const Note first = parse_note(note({0, 1}, 1000)).value();
    Note second = parse_note(note({1, 2}, 2000)).value();
    second.signatures.push_back({"nobody", {}, Bytes(72)});
    const auto merged = merge_notes(first, second, epoch_.members);
    ASSERT_TRUE(merged);
    ASSERT_EQ(merged->signatures.size(), 4U);
    EXPECT_EQ(merged->signatures[0].name, TestConsortium::kOrigin);
    const auto count = count_signatures(*merged, log_.checkpoint(), epoch_.members);
    EXPECT_EQ(count.log_signatures, 1U);
    EXPECT_EQ(count.cosignatures, (std::vector<Cosignature>{{0, 1000}, {1, 2000}, {2, 2001}}));
    EXPECT_EQ(merge_notes(second, first, epoch_.members).value(), *merged);

    Note other = first;
    other.text = "x\n" + other.text;
    EXPECT_FALSE(merge_notes(first, other, epoch_.members));
}

// 64 members make 128 signatures, a note holds 64: enough must stay for a quorum and a log key.
TEST_F(CheckpointTest, MergeOfTheMostMembersStillCounts) {
    EpochRecord epoch;
    Note first{checkpoint_text(log_.checkpoint()), {}};
    Note second = first;
    for (Slot slot = 0; slot < kMembersMax; ++slot) {
        const std::string name = "m" + std::to_string(slot);
        const auto log = test::key_named(name + " log");
        const auto cosign = test::key_named(name + " cosign");
        epoch.members.push_back({slot, name, cosign.public_key(), log.public_key(), {}, {}, {}});
        Note& note = slot < kMembersMax / 2 ? first : second;
        note.signatures.push_back(sign_checkpoint(log_.checkpoint(), log).value());
        note.signatures.push_back(cosign_checkpoint(log_.checkpoint(), name, 1000, cosign).value());
    }
    epoch.quorum = 2 * kMembersMax / 3 + 1;
    const auto merged = merge_notes(first, second, epoch.members);
    ASSERT_TRUE(merged);
    const auto found = verify_checkpoint(to_string(*merged), TestConsortium::kOrigin, epoch);
    EXPECT_TRUE(found) << found.error().to_string();
}

std::string slurp(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Log signatures of a Sigsum log, taken from the tests of torchwood's witness.
TEST(ForeignCheckpoints, LogSignaturesOfTorchwoodVerify) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/tlog/torchwood_add-checkpoint_exchanges.json");
    const auto file = boost::json::parse(slurp(path));
    const auto key = crypto::parse_public_key(
        crypto::Algorithm::kEd25519,
        from_hex(file.at("log_ed25519_public_key_hex").as_string().c_str()).value());
    ASSERT_TRUE(key);
    int valid = 0;
    for (const auto& exchange : file.at("exchanges").as_array()) {
        const std::string request = exchange.at("request").as_string().c_str();
        const auto note = parse_note(std::string_view(request).substr(request.find("\n\n") + 2));
        const bool expected = exchange.at("status").as_int64() != 403;
        const auto checkpoint = parse_checkpoint_text(note ? note->text : "");
        const bool verified =
            checkpoint && verify_log_signature(note->signatures.at(0), *checkpoint, *key);
        // Another origin with the same signature is 403 because the log is unknown; so is one that
        // is not even base64 any more.
        EXPECT_EQ(verified, expected) << request;
        valid += expected ? 1 : 0;
    }
    EXPECT_EQ(valid, 7);
}

// Rekor, the log of sigstore: checkpoints and inclusion proofs of a tree with 75 million leaves.
bool rekor_accepts(const std::string& name) {
    const auto file = boost::json::parse(slurp(test::fixture_path("ledger/tlog/sigstore/" + name)));
    const auto& entry = file.at("verificationMaterial").at("tlogEntries").at(0);
    const auto& proof = entry.at("inclusionProof");
    const auto note = parse_note(proof.at("checkpoint").at("envelope").as_string().c_str());
    if (!note) return false;
    const auto checkpoint = parse_checkpoint_text(note->text);
    if (!checkpoint) return false;
    std::vector<LogHash> path;
    for (const auto& hash : proof.at("hashes").as_array()) {
        path.push_back(LogHash::from(from_base64(hash.as_string().c_str()).value()));
    }
    const Bytes body = from_base64(entry.at("canonicalizedBody").as_string().c_str()).value();
    const std::uint64_t index = std::stoull(proof.at("logIndex").as_string().c_str());
    return crypto::verify_inclusion(crypto::leaf_hash(body), index, checkpoint->size, path,
                                    checkpoint->root);
}

TEST(ForeignCheckpoints, RekorProofsAreJudgedAsSigstoreJudgesThem) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/tlog/sigstore");
    EXPECT_TRUE(rekor_accepts("happy-path-v0.3.json"));
    EXPECT_FALSE(rekor_accepts("inclusion-proof-corrupted-hash_fail.json"));
    EXPECT_FALSE(rekor_accepts("checkpoint-wrong-roothash_fail.json"));
}

}  // namespace
}  // namespace assay::ledger
