#include "ledger/core/epoch_transition.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;

class EpochTransitionTest : public testing::Test {
  protected:
    EpochTransitionTest() {
        consortium_.members[3].member.state = MemberState::kLeft;
        next_.record = next_epoch(current_, consortium_.registry(),
                                  crypto::leaf_hash(as_bytes("the change")));
        for (const Slot slot : {Slot{0}, Slot{1}, Slot{2}}) sign(slot, consortium_.members[slot].cosign);
    }
    void sign(Slot slot, const crypto::PrivateKey& key) {
        next_.signatures.push_back({slot, sign_epoch(next_.record, key).value()});
    }
    [[nodiscard]] std::string word() const {
        const auto checked = check_epoch_transition(next_, current_);
        return checked ? "accepted" : checked.error().code().message();
    }

    TestConsortium consortium_;
    EpochRecord current_ = first_epoch(consortium_.chain_id, consortium_.registry());
    EpochTransition next_;
};

TEST_F(EpochTransitionTest, IsAcceptedWithTheSignaturesOfAQuorum) {
    EXPECT_EQ(next_.record.epoch, 1U);
    EXPECT_EQ(next_.record.quorum, 3U);
    EXPECT_EQ(next_.record.members.size(), 3U);
    EXPECT_EQ(word(), "accepted");
    next_.signatures.pop_back();
    EXPECT_EQ(word(), "quorum-not-met");
    sign(3, consortium_.members[3].root);  // who leaves still belongs to the epoch before
    EXPECT_EQ(word(), "accepted");
}

TEST_F(EpochTransitionTest, CountsNoOtherKeysAndNoStrangers) {
    next_.signatures.pop_back();
    sign(2, consortium_.members[2].tx);
    EXPECT_EQ(word(), "signature-invalid");
    next_.signatures.back().slot = 9;
    EXPECT_EQ(word(), "signer-unknown");
}

TEST_F(EpochTransitionTest, FollowsTheEpochBefore) {
    const EpochTransition good = next_;
    next_.record.epoch = 2;
    EXPECT_EQ(word(), "epoch-unknown");
    next_ = good;
    next_.record.previous = {};
    EXPECT_EQ(word(), "epoch-unknown");
    next_ = good;
    next_.record.chain_id = {};
    EXPECT_EQ(word(), "epoch-unknown");
    next_ = good;
    next_.record.change = {};
    EXPECT_EQ(word(), "signature-invalid");
}

TEST_F(EpochTransitionTest, ComesBackAsItWasAndEveryBitCounts) {
    const Bytes bytes = encode_epoch_transition(next_);
    const auto decode = [](ByteView input) { return decode_epoch_transition(input); };
    EXPECT_EQ(decode(bytes).value(), next_);
    test::expect_only_whole_input(bytes, decode);
    const auto accepts = [&](ByteView input) {
        const auto decoded = decode(input);
        return decoded && check_epoch_transition(*decoded, current_);
    };
    test::expect_every_bit_counts(bytes, accepts, 9);
    std::swap(next_.signatures[0], next_.signatures[1]);
    EXPECT_FALSE(decode(encode_epoch_transition(next_)));
    next_.signatures.clear();
    EXPECT_FALSE(decode(encode_epoch_transition(next_)));
}

}  // namespace
}  // namespace assay::ledger
