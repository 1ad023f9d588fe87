// Rules E1 to E6, each broken alone, on both ledgers.

#include "ledger/core/evidence.hpp"

#include <gtest/gtest.h>

#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

ChainPoint point(BlockHeight height, unsigned char branch = 0) {
    ChainPoint out{height, {}};
    out.id.bytes.fill(std::byte{branch});
    return out;
}

class EvidenceTest : public testing::TestWithParam<const RuleSet*> {
  protected:
    EvidenceTest() { found_governance(consortium_.genesis(), consortium_.chain_id, state_); }

    [[nodiscard]] Vote vote(BlockHeight source, BlockHeight target, unsigned char branch = 0) const {
        Vote out;
        out.slot = 2;
        out.link = {point(source), point(target, branch)};
        return sign_vote(out, consortium_.chain_id, consortium_.members[2].vote).value();
    }
    [[nodiscard]] Evidence double_vote() const { return {vote(3, 5, 1), vote(3, 5, 2)}; }
    [[nodiscard]] Bytes accuse(const Evidence& evidence, const std::string& subject = {}) const {
        return consortium_.sign(TxType::kEvidence, encode_evidence(evidence),
                                subject.empty() ? subject_of(evidence) : subject, 1,
                                {&consortium_.members[1].tx});
    }
    std::string offer(const Bytes& bytes) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = load_registry(state_);
        const TxContext context{height_, *registry, consortium_.chain_id, 0};
        const auto checked = GetParam()->check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        GetParam()->apply(tx, index_++, state_);
        return "accepted";
    }

    test::TestConsortium consortium_;
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    BlockHeight height_ = 10;
    LogIndex index_ = 0;
};

TEST_P(EvidenceTest, IsRecordedAndChangesNothingElse) {
    const auto before = *load_registry(state_);
    const Bytes tx = accuse(double_vote());
    EXPECT_EQ(offer(tx), "accepted");
    EXPECT_TRUE(is_recorded(state_, 2, 0));
    EXPECT_FALSE(is_recorded(state_, 1, 0));
    const auto all = all_evidence(state_);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].evidence, double_vote());
    EXPECT_EQ(all[0].leaf, crypto::leaf_hash(tx));
    EXPECT_EQ(load_registry(state_)->root(), before.root());
}

TEST_P(EvidenceTest, ASurroundingVoteIsEvidenceToo) {
    EXPECT_EQ(offer(accuse({vote(4, 6), vote(3, 7)})), "accepted");
}

TEST_P(EvidenceTest, E1BodyAndSubject) {
    EXPECT_EQ(offer(accuse(double_vote(), "evidence/3/0")), "malformed");
    Evidence two_slots = double_vote();
    two_slots.second.slot = 1;
    EXPECT_EQ(offer(accuse(two_slots)), "malformed");
    Evidence two_epochs = double_vote();
    two_epochs.second.epoch = 1;
    EXPECT_EQ(offer(accuse(two_epochs)), "malformed");
}

TEST_P(EvidenceTest, E2SignedByTheTxKeyOfWhoSaysIt) {
    const Evidence evidence = double_vote();
    const Bytes wrong_key = consortium_.sign(TxType::kEvidence, encode_evidence(evidence),
                                             subject_of(evidence), 1, {&consortium_.members[1].vote});
    EXPECT_EQ(offer(wrong_key), "signer-unknown");
}

TEST_P(EvidenceTest, E3TheVotesMustContradictEachOther) {
    EXPECT_EQ(offer(accuse({vote(3, 5), vote(5, 6)})), "evidence-void");
    EXPECT_EQ(offer(accuse({vote(3, 5), vote(3, 5)})), "evidence-void");
}

TEST_P(EvidenceTest, E4BothVotesAreTheSlotsOwn) {
    Evidence forged = double_vote();
    forged.second.signature[0] ^= std::byte{1};
    EXPECT_EQ(offer(accuse(forged)), "signature-invalid");
    Evidence later;
    for (Vote* vote : {&later.first, &later.second}) {
        vote->slot = 2;
        vote->epoch = 1;
        vote->link = {point(3), point(5, vote == &later.first ? 1 : 2)};
        *vote = sign_vote(*vote, consortium_.chain_id, consortium_.members[2].vote).value();
    }
    EXPECT_EQ(offer(accuse(later)), "epoch-unknown");
    Evidence stranger = double_vote();
    stranger.first.slot = stranger.second.slot = 77;
    EXPECT_EQ(offer(accuse(stranger)), "signer-unknown");
}

TEST_P(EvidenceTest, E5NotTooOld) {
    height_ = 10'006;
    EXPECT_EQ(offer(accuse(double_vote())), "evidence-too-old");
    height_ = 10'005;
    EXPECT_EQ(offer(accuse(double_vote())), "accepted");
}

TEST_P(EvidenceTest, E6OncePerSlotAndEpoch) {
    EXPECT_EQ(offer(accuse(double_vote())), "accepted");
    EXPECT_EQ(offer(accuse({vote(7, 8, 1), vote(7, 8, 2)})), "evidence-known");
}

INSTANTIATE_TEST_SUITE_P(Ledgers,
                         EvidenceTest,
                         testing::Values(&consortium_rules(), &gateway_rules()));

TEST(Evidence, DecodesOnlyAsAWhole) {
    Evidence evidence;
    evidence.first.link.target.height = evidence.second.link.target.height = 1;
    evidence.second.link.target.id.bytes[0] = std::byte{1};
    const Bytes bytes = encode_evidence(evidence);
    EXPECT_EQ(decode_evidence(bytes).value(), evidence);
    test::expect_only_whole_input(bytes, [](ByteView view) { return decode_evidence(view); });
}

}  // namespace
}  // namespace assay::ledger
