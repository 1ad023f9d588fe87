#include "ledger/node/cosigner.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;

class CosignerTest : public testing::Test {
  protected:
    using Sizes = std::vector<std::uint64_t>;

    CosignerTest() {
        founders.genesis.params.heartbeat_s = 1;
        founders.seal_genesis();
        chain = founders.open(dir / "c");
    }
    [[nodiscard]] Result<Cosigner> open(const Chain& of) {
        const auto& member = founders.members[0];
        return Cosigner::open(durable_file(dir / "cosigned"), of, "m0", member.log, member.cosign);
    }
    // `blocks` more blocks; with a transaction in the first if `version` is set.
    void grow(Chain& of, int blocks, std::uint64_t version = 0) {
        if (version > 0) {
            test::PolicyOptions options;
            options.version = version;
            const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0], options);
            ASSERT_TRUE(of.accept_transaction(tx).has_value());
        }
        for (int i = 0; i < blocks; ++i, ++now) ASSERT_FALSE(founders.extend_and_vote(of, now).empty());
    }
    [[nodiscard]] static Checkpoint checkpoint_of(const std::string& note) {
        return parse_checkpoint_text(parse_note(note)->text).value();
    }
    [[nodiscard]] static Sizes sizes(const Result<std::vector<std::string>>& notes) {
        Sizes out;
        for (const std::string& note : notes.value()) out.push_back(checkpoint_of(note).size);
        return out;
    }

    test::TempDir dir;
    Founders founders{1};
    std::unique_ptr<Chain> chain;
    std::uint32_t now = kGenesisTime + 5;
};

TEST_F(CosignerTest, SignsALogOnlyOnceItsBlockIsFinal) {
    auto cosigner = open(*chain).value();
    EXPECT_EQ(sizes(cosigner.sign_due(at(now))), Sizes{}) << "an empty log says nothing";
    grow(*chain, 1, 1);
    EXPECT_EQ(sizes(cosigner.sign_due(at(now))), Sizes{}) << "justified, not final yet";
    EXPECT_FALSE(cosigner.latest().has_value());
    grow(*chain, 1);
    const auto notes = cosigner.sign_due(at(now));
    ASSERT_EQ(sizes(notes), Sizes{1});
    EXPECT_EQ(cosigner.latest(), notes->front());

    const auto note = parse_note(notes->front());
    const Checkpoint checkpoint = checkpoint_of(notes->front());
    EXPECT_EQ(checkpoint.origin, founders.genesis.origin);
    EXPECT_EQ(checkpoint.root, chain->log_root(1));
    ASSERT_EQ(note->signatures.size(), 2U);
    const auto& member = founders.members[0].entry;
    EXPECT_TRUE(verify_log_signature(note->signatures[0], checkpoint, member.log));
    EXPECT_EQ(verify_cosignature(note->signatures[1], checkpoint, "m0", member.cosign), now);
}

TEST_F(CosignerTest, SignsAgainAfterTenMinutesAndNotBefore) {
    auto cosigner = open(*chain).value();
    grow(*chain, 2, 1);
    ASSERT_EQ(sizes(cosigner.sign_due(at(now))), Sizes{1});
    EXPECT_EQ(sizes(cosigner.sign_due(at(now + 599))), Sizes{});
    EXPECT_EQ(sizes(cosigner.sign_due(at(now + 600))), Sizes{1});
    EXPECT_EQ(sizes(cosigner.sign_due(at(now + 601))), Sizes{});
}

TEST_F(CosignerTest, SignsEachFinalSizeInOrderAtMostTheLastSixteen) {
    auto cosigner = open(*chain).value();
    for (std::uint64_t version = 1; version <= 20; ++version) grow(*chain, 1, version);
    grow(*chain, 1);
    Sizes expected;
    for (std::uint64_t size = 5; size <= 20; ++size) expected.push_back(size);
    EXPECT_EQ(sizes(cosigner.sign_due(at(now))), expected);
}

TEST_F(CosignerTest, IsOnDiskBeforeItLeavesAndBindsAfterARestart) {
    grow(*chain, 2, 1);
    {
        auto cosigner = open(*chain).value();
        ASSERT_EQ(sizes(cosigner.sign_due(at(now))), Sizes{1});
    }
    const auto kept = read_file(dir / "cosigned", 1'000);
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(parse_checkpoint_text(as_text(*kept))->root, chain->log_root(1));

    // The same file with another chain of the same ledger: as after a deep reorganisation.
    auto other = founders.open(dir / "other");
    now += 100;
    grow(*other, 2, 7);
    ASSERT_NE(other->log_root(1), chain->log_root(1));
    auto cosigner = open(*other).value();
    EXPECT_EQ(sizes(cosigner.sign_due(at(now))), Sizes{}) << "no second root for size 1";
    EXPECT_EQ(sizes(cosigner.sign_due(at(now + 700))), Sizes{});
    grow(*other, 2, 8);
    EXPECT_EQ(sizes(cosigner.sign_due(at(now + 700))), Sizes{2});
}

TEST_F(CosignerTest, RefusesToStartOnAFileThatDoesNotSayWhatWasSigned) {
    for (const char* content : {"", "garbage", "other.example/log\n1\nAAAA\n"}) {
        ASSERT_TRUE(write_file_durable(dir / "cosigned", as_bytes(content)).has_value());
        const auto cosigner = open(*chain);
        ASSERT_FALSE(cosigner.has_value()) << content;
        EXPECT_NE(cosigner.error().context().find("restore it"), std::string::npos);
    }
}

TEST_F(CosignerTest, SignsNothingThatItCouldNotWriteDown) {
    grow(*chain, 2, 1);
    const auto& member = founders.members[0];
    auto cosigner =
        Cosigner::open(durable_file(dir / "missing/cosigned"), *chain, "m0", member.log,
                       member.cosign);
    ASSERT_TRUE(cosigner.has_value());
    EXPECT_FALSE(cosigner->sign_due(at(now)).has_value());
    EXPECT_FALSE(cosigner->latest().has_value());
}

}  // namespace
}  // namespace assay::ledger
