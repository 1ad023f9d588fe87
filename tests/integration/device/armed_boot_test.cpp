// A boot loader that was told to try a release which then does not stand.

#include "tests/integration/device/agent_fixture.hpp"

namespace assay::device {
namespace {

// The power went after the boot loader was told to try the release and before that was written
// down; the agent starts again, the device does not.
class ArmedBootTest : public AgentTest {
  protected:
    void install_first() {
        offer(1, first_);
        device_.options.restart.window = protocol::parse_window("22:00-04:00");
        device_.run({}, 3);
    }
    void start_again() {
        GatewayClient client(gateway_.url(), gateway_.device_tls());
        DiskStorage disk;
        FileBootStore store(device_.file("boot.cbor"), disk);
        const BootLoader boot(store, [] { return Result<SlotIndex>(SlotIndex{0}); });
        ASSERT_TRUE(boot.try_slot(1, 3));
        const EventLog log(stderr, EventLog::Form::kText);
        const FixedClock clock;
        Agent agent(device_.options, {gateway_.device_key, client, disk, boot, log, &clock});
        ASSERT_TRUE(agent.start());
        ASSERT_EQ(device_.boot().trial, SlotIndex{1});
        ASSERT_TRUE(agent.round());
    }
};

TEST_F(ArmedBootTest, WhatIsSupersededIsNotTriedAnyMore) {
    install_first();
    offer(2, second_);
    start_again();
    EXPECT_EQ(device_.state().pending->sequence, 2U);
    EXPECT_EQ(device_.boot(), BootState{});
}

TEST_F(ArmedBootTest, WhatIsRefusedAfterAllIsNotTriedAnyMore) {
    install_first();
    device_.options.restart.window.reset();
    device_.options.identity.requires_status = true;  // and no status names it
    start_again();
    EXPECT_EQ(device_.state().phase, Phase::kIdle);
    EXPECT_EQ(device_.boot(), BootState{});
}

}  // namespace
}  // namespace assay::device
