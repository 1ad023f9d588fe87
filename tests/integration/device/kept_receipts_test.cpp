// Receipts that are acknowledged stay on the device until they are final, since the gateway may lose
// those that are not.

#include "tests/integration/device/agent_fixture.hpp"

namespace assay::device {
namespace {

class KeptReceiptsTest : public AgentTest {
  protected:
    // Each of those that an update makes, once and in order.
    void expect_all_of(std::size_t updates) {
        const auto receipts = gateway_.receipts();
        ASSERT_EQ(receipts.size(), 3 * updates);
        for (std::size_t i = 0; i < receipts.size(); ++i) EXPECT_EQ(receipts[i].counter, i + 1);
    }
};

TEST_F(KeptReceiptsTest, AreDroppedWhenTheyAreFinal) {
    offer(1, first_);
    device_.run();
    EXPECT_TRUE(device_.state().outbox.empty());
    EXPECT_EQ(device_.state().kept.size(), 3U);
    device_.run();
    ASSERT_TRUE(gateway_.polls().back().receipt);
    EXPECT_EQ(gateway_.polls().back().receipt->counter, 3U);
    EXPECT_EQ(device_.state().kept.size(), 3U);
    gateway_.receipts_are_final = true;
    device_.run();
    EXPECT_TRUE(device_.state().kept.empty());
    device_.run();
    EXPECT_FALSE(gateway_.polls().back().receipt);
}

TEST_F(KeptReceiptsTest, ComeBackToAGatewayThatLostThem) {
    for (const std::size_t left : {2U, 1U, 0U}) {
        if (left == 2) {
            offer(1, first_);
            device_.run();
        }
        gateway_.lose_receipts_but(left);
        int writes = 0;
        device_.run([&](std::string_view) { ++writes; });
        expect_all_of(1);
        EXPECT_EQ(device_.state().kept.size(), 3U);
        EXPECT_EQ(writes, 0) << "who says again and again that he lost them wears out no flash";
    }
}

TEST_F(KeptReceiptsTest, GoBeforeNewOnes) {
    offer(1, first_);
    device_.run();
    gateway_.receipts_fail = true;
    offer(2, second_);
    device_.run();
    EXPECT_EQ(device_.state().outbox.size(), 3U);
    gateway_.lose_receipts_but(0);
    gateway_.receipts_fail = false;
    device_.run();
    expect_all_of(2);
    EXPECT_EQ(device_.state().kept.size(), 6U);
}

TEST_F(KeptReceiptsTest, GoToNoOtherGateway) {
    offer(1, first_);
    device_.run();
    device_.options.gateway = crypto::sha256(as_bytes("https://other"));
    gateway_.lose_receipts_but(0);
    device_.run();
    EXPECT_FALSE(gateway_.polls().back().receipt);
    EXPECT_TRUE(gateway_.receipts().empty());
    offer(2, second_);
    device_.run();
    EXPECT_EQ(gateway_.receipts().size(), 3U);
    EXPECT_EQ(device_.state().kept.size(), 3U);
}

// They would keep those that come behind them for ever.
TEST_F(KeptReceiptsTest, StayBehindWhenTheDeviceHasAnotherName) {
    offer(1, first_);
    device_.run();
    gateway_.receipts_fail = true;
    offer(2, second_);
    device_.run();
    EXPECT_EQ(device_.state().kept.size() + device_.state().outbox.size(), 6U);
    device_.options.ledger_id = ledger::ledger_device_id(as_bytes("another salt"), "device-01");
    gateway_.lose_receipts_but(0);
    gateway_.receipts_fail = false;
    device_.run();
    EXPECT_TRUE(device_.state().kept.empty() && device_.state().outbox.empty());
    offer(3, first_);
    device_.run();
    ASSERT_EQ(gateway_.receipts().size(), 3U);
    EXPECT_EQ(gateway_.receipts().front().counter, 7U);
    EXPECT_EQ(gateway_.receipts().front().device, device_.options.ledger_id);
}

TEST_F(KeptReceiptsTest, WhatAGatewayTakesNoMoreIsDropped) {
    offer(1, first_);
    device_.run();
    offer(2, second_);
    device_.run();
    gateway_.forget_receipt(4);
    gateway_.forget_receipt(6);
    gateway_.receipts_are_final = true;
    device_.run();  // 6 is missing: all are sent again, and 4 lies below 5
    EXPECT_EQ(device_.state().kept.size(), 5U);
    device_.run();
    EXPECT_TRUE(device_.state().kept.empty());
    EXPECT_EQ(gateway_.receipts().back().counter, 6U);
}

TEST_F(KeptReceiptsTest, NoneIsLostWhereverThePowerGoes) {
    int cuts = 0;
    for (int steps = 1;; ++steps) {
        test::TestGateway gateway;
        TestDevice device(gateway, consortium_);
        const auto offer_to = [&](std::uint64_t sequence, const Bytes& image) {
            const ProvedRelease proved(consortium_, consortium_.release(sequence, image, kChunkBytes),
                                       TestConsortium::kTime + sequence);
            OfferedRelease release;
            release.proof = proved.bundle();
            release.image = image;
            release.chunks = TestConsortium::chunks(image, kChunkBytes);
            release.sequence = sequence;
            gateway.offer(proved.leaf(), std::move(release));
        };
        offer_to(1, first_);
        device.run();
        gateway.lose_receipts_but(1);
        offer_to(2, second_);
        const bool cut = device.run_until_cut(steps);
        gateway.lose_receipts_but(1);
        device.run();
        const auto receipts = gateway.receipts();
        ASSERT_EQ(receipts.size(), 6U) << steps;
        for (std::size_t i = 0; i < receipts.size(); ++i) EXPECT_EQ(receipts[i].counter, i + 1);
        if (!cut) break;
        ++cuts;
    }
    EXPECT_GE(cuts, 12);
}

}  // namespace
}  // namespace assay::device
