// A device that was away for long is led to the newest epoch, however many there were.

#include <gtest/gtest.h>

#include "gateway/release/device_proof_builder.hpp"
#include "tests/support/epoch_chain.hpp"

namespace assay::gateway {
namespace {

using test::EpochChain;
using test::ProvedRelease;
using test::TestConsortium;

class DeviceProofStepsTest : public testing::Test {
  protected:
    // A consortium of so many nodes.
    explicit DeviceProofStepsTest(std::size_t nodes = 7) {
        while (consortium_.members.size() < nodes) {
            const auto slot = static_cast<ledger::Slot>(consortium_.members.size());
            consortium_.members.emplace_back(slot, "node-" + std::to_string(slot), 4);
        }
        anchor_ = consortium_.anchor();
        quorum_.resize(anchor_.epoch.quorum);
        for (std::size_t i = 0; i < quorum_.size(); ++i) quorum_[i] = static_cast<ledger::Slot>(i);
        ledger::DeviceState device;
        device.device_class = consortium_.device_class;
        device.component = "firmware";
        trust_.device = device;
    }

    [[nodiscard]] Bytes bundle(const EpochChain& chain, std::uint64_t known, std::size_t max) const {
        return encode_with_steps(proved().proof, chain.state, chain.steps.size(), {known, max})
            .value();
    }
    // Polls until it has a whole proof; returns how many bundles came before it.
    std::size_t catch_up(const EpochChain& chain, std::size_t bytes_max) {
        for (std::size_t polls = 0;; ++polls) {
            const std::uint64_t known = trust_.epoch.value_or(anchor_.epoch).epoch;
            const Bytes answer = bundle(chain, known, bytes_max);
            EXPECT_LE(answer.size(), bytes_max);
            const auto reached = ledger::follow_epoch_steps(answer, trust_);
            if (!reached) {
                ADD_FAILURE() << reached.error().to_string();
                return polls;
            }
            if (*reached) {
                trust_.epoch = **reached;
                continue;
            }
            const auto verified = ledger::verify_device_proof(answer, trust_);
            EXPECT_TRUE(verified) << verified.error().to_string();
            if (!verified) return polls;
            EXPECT_EQ(verified->epoch, chain.records.back());
            return polls;
        }
    }
    [[nodiscard]] ProvedRelease proved() const {
        return {consortium_, consortium_.release(5, as_bytes("the image")), TestConsortium::kTime,
                quorum_};
    }

    TestConsortium consortium_;
    ledger::Anchor anchor_;
    std::vector<ledger::Slot> quorum_;
    ledger::DeviceTrust trust_{anchor_, {}, 0, {}, 7 * 24 * 3600, {}};
};

class ManyNodesTest : public DeviceProofStepsTest {
  protected:
    ManyNodesTest() : DeviceProofStepsTest(64) {}
};

TEST_F(DeviceProofStepsTest, ADeviceIsLedOverAnyNumberOfEpochs) {
    const EpochChain chain(consortium_, 300);
    EXPECT_GE(catch_up(chain, ledger::kDeviceProofBytesMax), 2U);
    EXPECT_EQ(catch_up(chain, ledger::kDeviceProofBytesMax), 0U) << "it is there";
}

TEST_F(DeviceProofStepsTest, OnlyTheStepsThatItLacksAreSent) {
    const EpochChain chain(consortium_, 20);
    const std::size_t max = ledger::kDeviceProofBytesMax;
    EXPECT_EQ(ledger::decode_device_proof(bundle(chain, 0, max))->epochs.size(), 20U);
    EXPECT_EQ(ledger::decode_device_proof(bundle(chain, 18, max))->epochs.size(), 2U);
    EXPECT_EQ(bundle(chain, 20, max), proved().bundle());
}

// It may say what it likes: the answer is to a number, and believed by nobody.
TEST_F(DeviceProofStepsTest, AWrongNumberHurtsNobodyElse) {
    const EpochChain chain(consortium_, 20);
    EXPECT_EQ(bundle(chain, UINT64_MAX, ledger::kDeviceProofBytesMax), proved().bundle());
    const Bytes gap = bundle(chain, 7, ledger::kDeviceProofBytesMax);
    EXPECT_TRUE(ledger::verify_device_proof(gap, trust_).error().is(Refusal::kEpochUnknown));
}

TEST_F(DeviceProofStepsTest, AStepThatTheArchiveLacksIsAnError) {
    const EpochChain chain(consortium_, 2);
    const auto built = encode_with_steps(proved().proof, chain.state, 3, {});
    ASSERT_FALSE(built);
    EXPECT_TRUE(built.error().is(Refusal::kEpochUnknown));
}

TEST_F(ManyNodesTest, StepsOf64NodesFitToo) {
    const EpochChain chain(consortium_, 30);
    EXPECT_GE(catch_up(chain, ledger::kDeviceProofBytesMax), 1U);
    trust_.epoch.reset();
    trust_.device.reset();  // an auditor asks once
    EXPECT_EQ(catch_up(chain, ledger::kAuditProofBytesMax), 0U);
}

}  // namespace
}  // namespace assay::gateway
