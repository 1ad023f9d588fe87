// How long an agent pauses whose gateway serves an image slowly, or not now.

#include "tests/integration/device/agent_fixture.hpp"

namespace assay::device {
namespace {

class DownloadPauses : public AgentTest {
  protected:
    void SetUp() override {
        offer(1, first_);
        ASSERT_TRUE(agent_.start());
    }
    Milliseconds pause() { return agent_.round().value().pause; }

    GatewayClient client_{gateway_.url(), gateway_.device_tls()};
    DiskStorage disk_;
    FileBootStore store_{device_.file("boot.cbor"), disk_};
    BootLoader boot_{store_};
    EventLog log_{stderr, EventLog::Form::kText};
    Agent agent_{with_long_polls(), {gateway_.device_key, client_, disk_, boot_, log_}};

  private:
    AgentOptions with_long_polls() {
        AgentOptions options = device_.options;
        options.poll_max = Milliseconds(60'000);
        return options;
    }
};

TEST_F(DownloadPauses, StayShortWhileChunksArrive) {
    for (int round = 0; round < 4; ++round) {
        gateway_.ranges_until_failure = 1;
        EXPECT_LE(pause(), Milliseconds(1'100)) << round;
    }
    for (int round = 0; round < 3; ++round) {
        gateway_.ranges_until_failure = 0;
        (void)pause();
    }
    EXPECT_GE(pause(), Milliseconds(8'000));
}

TEST_F(DownloadPauses, AreThoseThatABusyGatewayAsksFor) {
    gateway_.ranges_until_failure = 0;
    gateway_.retry_after_s = 20;
    for (int round = 0; round < 3; ++round) {
        const Milliseconds given = pause();
        EXPECT_GE(given, Milliseconds(20'000));
        EXPECT_LE(given, Milliseconds(22'000));
    }
    gateway_.retry_after_s = 1'000'000;
    EXPECT_LE(pause(), Milliseconds(330'000));
    gateway_.retry_after_s = -1;
    EXPECT_LE(pause(), Milliseconds(1'100));  // the first failure
}

TEST_F(DownloadPauses, AreNoneWhenAMoreUrgentReleaseWaits) {
    gateway_.is_overtaken = true;
    for (int round = 0; round < 3; ++round) EXPECT_LE(pause(), Milliseconds(110));
    EXPECT_EQ(device_.state().phase, Phase::kDownloading);
}

}  // namespace
}  // namespace assay::device
