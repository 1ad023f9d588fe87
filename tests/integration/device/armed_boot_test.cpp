// An agent beside a boot loader that is not its own: one that was told to try a release which then does
// not stand, one that starts another slot than it was told to, one whose state was lost.

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

// Starts whatever slot the test says, and reads the boot state of the device's file.
class BootLoaderTest : public AgentTest {
  protected:
    struct Life {
        Kind next = Kind::kSleep;
        std::optional<Error> problem;
    };
    // One start in that slot and, unless it asks for a restart, one round.
    Life start_in(SlotIndex slot, int rounds = 1) {
        GatewayClient client(gateway_.url(), gateway_.device_tls());
        const BootLoader boot(store_, [slot] { return Result<SlotIndex>(slot); });
        const FixedClock clock;
        Agent agent(device_.options, {gateway_.device_key, client, disk_, boot, log_, &clock});
        auto next = agent.start();
        EXPECT_TRUE(next) << next.error().to_string();
        Life life{next->kind, agent.problem()};
        for (int i = 0; i < rounds && life.next == Kind::kSleep; ++i) {
            next = agent.round();
            EXPECT_TRUE(next) << next.error().to_string();
            life = {next->kind, agent.problem()};
        }
        return life;
    }
    [[nodiscard]] std::pair<ReceiptEvent, std::uint16_t> last_word() {
        const auto receipt = gateway_.receipts().back();
        return {receipt.event, receipt.result};
    }
    static constexpr std::uint16_t kBootFailed = static_cast<std::uint16_t>(Refusal::kBootFailed);

    DiskStorage disk_;
    FileBootStore store_{device_.file("boot.cbor"), disk_};
    EventLog log_{stderr, EventLog::Form::kText};
};

// A failed update whose restart never comes: the device is left in the bad slot.
TEST_F(BootLoaderTest, TheSlotThatIsFallenBackToIsNeverWrittenTo) {
    offer(1, first_);
    device_.run();  // into slot 1
    offer(2, second_);
    device_.options.health.command = {"false"};
    ASSERT_EQ(start_in(1, 3).next, Kind::kRestart) << "into slot 0, on trial";
    ASSERT_EQ(start_in(0).next, Kind::kRestart) << "back, for it is not healthy";
    ASSERT_EQ(device_.state().phase, Phase::kRolledBack);
    device_.options.health.command.clear();
    offer(3, second_);
    int restarts = 0;
    while (start_in(0).next == Kind::kRestart && restarts < 20) ++restarts;
    EXPECT_EQ(restarts, 4) << "one more was asked for above";
    EXPECT_EQ(device_.slot(1), first_);
    EXPECT_EQ(device_.boot(), (BootState{1, std::nullopt, 0}));
    EXPECT_EQ(last_word(), (std::pair{ReceiptEvent::kFailed, kBootFailed}));
    EXPECT_FALSE(device_.state().pending);

    device_.options.refused_pause = Milliseconds(0);
    offer(4, second_);
    EXPECT_EQ(start_in(1, 3).next, Kind::kRestart) << "at home again it takes what is new";
    EXPECT_EQ(start_in(0).next, Kind::kSleep);
    EXPECT_EQ(device_.state().installed->sequence, 4U);
}

TEST_F(BootLoaderTest, ADownloadIntoTheSlotThatRunsByNowIsGivenUp) {
    offer(1, first_);
    const auto cut_in_download = [&](std::string_view what) {
        if (what == "chunk") throw PowerCut{};
    };
    EXPECT_THROW(device_.run(cut_in_download), PowerCut);
    ASSERT_EQ(device_.state().phase, Phase::kDownloading);
    ASSERT_EQ(device_.state().pending->slot, SlotIndex{1});
    const Bytes half = device_.slot(1);
    EXPECT_EQ(start_in(1).next, Kind::kRestart) << "somebody has switched slots";
    EXPECT_EQ(device_.state().phase, Phase::kIdle);
    EXPECT_EQ(device_.slot(0), Bytes{});
    EXPECT_EQ(device_.slot(1), half);
}

TEST_F(BootLoaderTest, ABootLoaderThatNeverTriesTheSlotIsNotAskedForEver) {
    offer(1, first_);
    ASSERT_EQ(start_in(0, 3).next, Kind::kRestart);
    int restarts = 1;
    while (start_in(0).next == Kind::kRestart && restarts < 20) ++restarts;
    EXPECT_EQ(restarts, 5);
    EXPECT_EQ(device_.boot(), BootState{});
    EXPECT_EQ(last_word(), (std::pair{ReceiptEvent::kRolledBack, kBootFailed}));
}

// U-Boot keeps two copies; without the newest the one before it tells of a trial that is over.
TEST_F(BootLoaderTest, AStateThatTellsOfAnOldTrialIsRepaired) {
    offer(1, first_);
    device_.run();
    ASSERT_TRUE(store_.write({0, SlotIndex{1}, 2}));
    EXPECT_EQ(start_in(1).next, Kind::kSleep);
    EXPECT_EQ(device_.boot(), (BootState{1, std::nullopt, 0}));
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(refusals(), 0);
}

TEST_F(BootLoaderTest, AFallbackByTheBootLoaderIsReportedAndMadeGood) {
    offer(1, first_);
    device_.run();
    ASSERT_TRUE(store_.write(BootState{}));
    device_.options.refused_pause = Milliseconds(0);
    gateway_.offer_nothing();
    EXPECT_EQ(start_in(0).next, Kind::kSleep);
    EXPECT_EQ(last_word(), (std::pair{ReceiptEvent::kRolledBack, kBootFailed}));
    EXPECT_TRUE(gateway_.receipts().back().running.is_zero()) << "it does not run any more";
    EXPECT_EQ(gateway_.polls().back().sequence, 0U);
    EXPECT_EQ(start_in(0).next, Kind::kSleep);
    EXPECT_EQ(gateway_.receipts().size(), 4U) << "said once";

    offer(1, first_);  // the same again
    EXPECT_EQ(start_in(0, 3).next, Kind::kRestart);
    EXPECT_EQ(start_in(1).next, Kind::kSleep);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.boot().active, 1U);
    EXPECT_EQ(gateway_.polls().back().sequence, 1U);
}

}  // namespace
}  // namespace assay::device
