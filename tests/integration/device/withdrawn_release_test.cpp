// A release that the gateway takes back while it is fetched, or waits for its restart.

#include "tests/integration/device/agent_fixture.hpp"

namespace assay::device {
namespace {

class WithdrawnReleaseTest : public AgentTest {
  protected:
    // Downloads the release and waits for the night.
    static void install_and_wait(TestDevice& device) {
        device.options.restart.window = protocol::parse_window("22:00-04:00");
        device.run();
        ASSERT_EQ(device.state().phase, Phase::kInstalled);
        device.options.restart.window.reset();
    }
    static void expect_not_started(const TestDevice& device, test::TestGateway& gateway) {
        const AgentState state = device.state();
        EXPECT_EQ(state.phase, Phase::kIdle);
        EXPECT_FALSE(state.pending);
        EXPECT_EQ(device.boot(), BootState{}) << "the boot loader was told to try it";
        const auto receipts = gateway.receipts();
        ASSERT_EQ(gateway.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                                 ReceiptEvent::kRefused}));
        EXPECT_EQ(receipts.back().result, static_cast<std::uint16_t>(Refusal::kReleaseWithdrawn));
        EXPECT_EQ(receipts.back().release, receipts.front().release);
        EXPECT_EQ(receipts.back().slot, 1);
        EXPECT_EQ(receipts.back().nonce, receipts.front().nonce);
    }
};

TEST_F(WithdrawnReleaseTest, IsNotStartedWhenItsTimeHasCome) {
    const auto leaf = offer(1, first_);
    install_and_wait(device_);
    gateway_.withdraw(leaf);
    device_.run({}, 2);
    expect_not_started(device_, gateway_);
    EXPECT_EQ(device_.state().refused.back().release, leaf);

    offer(2, second_);
    device_.run();
    EXPECT_EQ(device_.state().installed->sequence, 2U) << "the next one is taken as ever";
}

TEST_F(WithdrawnReleaseTest, IsNotStartedIfThatHappenedWhileItWasFetched) {
    offer(1, first_);
    gateway_.ranges_until_withdrawal = 2;
    device_.run();
    expect_not_started(device_, gateway_);
    EXPECT_EQ(gateway_.ranges_served, 5);
}

TEST_F(WithdrawnReleaseTest, StaysUnstartedWhereverThePowerGoes) {
    int cuts = 0;
    for (int steps = 1;; ++steps) {
        test::TestGateway gateway;
        TestDevice device(gateway, consortium_);
        const ProvedRelease proved(consortium_, consortium_.release(1, first_, kChunkBytes));
        OfferedRelease release;
        release.proof = proved.bundle();
        release.image = first_;
        release.chunks = TestConsortium::chunks(first_, kChunkBytes);
        release.sequence = 1;
        gateway.offer(proved.leaf(), release);
        install_and_wait(device);
        gateway.withdraw(proved.leaf());
        const bool cut = device.run_until_cut(steps);
        device.run();
        expect_not_started(device, gateway);
        if (!cut) break;
        ++cuts;
    }
    EXPECT_GE(cuts, 2) << "the state, and once the receipt was taken";
}

TEST_F(WithdrawnReleaseTest, IsNoOtherThanTheOneThatWaits) {
    offer(1, first_);
    install_and_wait(device_);
    gateway_.withdraw(crypto::leaf_hash(as_bytes("another")));
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
}

}  // namespace
}  // namespace assay::device
