#include "device/verifier.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_consortium.hpp"

namespace assay::device {
namespace {

using test::ProvedRelease;
using test::TestConsortium;

class VerifierTest : public testing::Test {
  protected:
    VerifierTest() {
        identity_.anchor = consortium_.anchor();
        identity_.device_class = consortium_.device_class;
        identity_.component = "firmware";
        identity_.checkpoint_age_max_s = 3600;
    }
    [[nodiscard]] ledger::ReleaseRecord release(std::uint64_t sequence) const {
        return consortium_.release(sequence, as_bytes("image"), 2);
    }
    TestConsortium consortium_;
    DeviceIdentity identity_;
    AgentState state_;
};

TEST_F(VerifierTest, LearnsWhatAProofShows) {
    const ProvedRelease proved(consortium_, release(5));
    const auto verified =
        verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, TestConsortium::kTime);
    ASSERT_TRUE(verified) << verified.error().to_string();
    learn(state_, *verified);
    EXPECT_EQ(state_.checkpoint, verified->checkpoint);
    EXPECT_EQ(state_.policy_version, 1U);

    const PendingRelease pending = pending_of(*verified, {}, 1);
    EXPECT_EQ(pending.release, proved.leaf());
    EXPECT_EQ(pending.sha256, crypto::sha256(as_bytes("image")));
    EXPECT_EQ(pending.chunk_count(), 3U);
    EXPECT_EQ(pending.sequence, 5U);
}

TEST_F(VerifierTest, WhatWasLearntIsHeldAgainstLaterProofs) {
    const ProvedRelease newer(consortium_, release(7), TestConsortium::kTime + 100, {0, 1, 2}, 2);
    const ProvedRelease older(consortium_, release(6), TestConsortium::kTime);
    learn(state_, verify_assigned(newer.bundle(), newer.leaf(), identity_, state_, {}).value());
    const auto again = verify_assigned(older.bundle(), older.leaf(), identity_, state_, {});
    EXPECT_TRUE(again.error().is(Refusal::kCheckpointRolledBack));
}

TEST_F(VerifierTest, TheTimeKnownNeverGoesBack) {
    const ProvedRelease proved(consortium_, release(5));
    auto verified = verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {});
    ASSERT_TRUE(verified);
    const std::uint64_t known = verified->checkpoint.time + 60;
    state_.checkpoint = verified->checkpoint;
    state_.checkpoint->time = known;
    verified = verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {});
    ASSERT_TRUE(verified) << verified.error().to_string();
    learn(state_, *verified);
    EXPECT_EQ(state_.checkpoint->time, known);
}

TEST_F(VerifierTest, RefusesAProofOfAnotherRelease) {
    const ProvedRelease proved(consortium_, release(5));
    const auto other = crypto::leaf_hash(as_bytes("another"));
    EXPECT_TRUE(verify_assigned(proved.bundle(), other, identity_, state_, {})
                    .error()
                    .is(Refusal::kProofInvalid));
}

TEST_F(VerifierTest, KnowsWhatIsInstalledAndTheFloor) {
    const ProvedRelease proved(consortium_, release(5));
    state_.sequence_floor = 6;
    EXPECT_TRUE(verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {})
                    .error()
                    .is(Refusal::kSequenceBelowFloor));
    state_.sequence_floor = 0;
    InstalledRelease installed;
    installed.sequence = 5;
    state_.installed = installed;
    EXPECT_TRUE(verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {})
                    .error()
                    .is(Refusal::kSequenceBelowFloor));
    const auto judge_lost = [&] {
        return verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {},
                               Installed::kIsLost);
    };
    EXPECT_TRUE(judge_lost()) << "it may come again";
    state_.installed->sequence = 6;
    EXPECT_TRUE(judge_lost().error().is(Refusal::kSequenceBelowFloor)) << "an older one may not";
}

// The release that is installed keeps the policy it was published under.
TEST_F(VerifierTest, ACheckpointMayComeUnderAnOlderPolicy) {
    const ProvedRelease proved(consortium_, release(5));
    state_.policy_version = 7;
    EXPECT_FALSE(verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {}));
    const auto verified = verify_installed(proved.bundle(), proved.leaf(), identity_, state_, {});
    ASSERT_TRUE(verified) << verified.error().to_string();
    learn(state_, *verified);
    EXPECT_EQ(state_.policy_version, 7U) << "never back";
    EXPECT_TRUE(state_.checkpoint);
}

TEST_F(VerifierTest, AsksForAStatusIfItIsToldTo) {
    const ProvedRelease proved(consortium_, release(5));
    identity_.requires_status = true;
    EXPECT_TRUE(verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {})
                    .error()
                    .is(Refusal::kStatusMissing));
}

TEST_F(VerifierTest, RemembersTheStatusAndItsFloor) {
    const ProvedRelease proved(consortium_, release(5));
    auto verified = verify_assigned(proved.bundle(), proved.leaf(), identity_, state_, {});
    ASSERT_TRUE(verified);
    verified->status_serial = 9;
    verified->status_floor = 4;
    learn(state_, *verified);
    EXPECT_EQ(state_.status_serial, 9U);
    EXPECT_EQ(decode_agent_state(encode_agent_state(state_))->status_serial, 9U);
    EXPECT_EQ(pending_of(*verified, {}, 1).min_sequence, 4U);
    verified->status_serial = 0;  // no longer asked for
    learn(state_, *verified);
    EXPECT_EQ(state_.status_serial, 9U) << "never back";
}

}  // namespace
}  // namespace assay::device
