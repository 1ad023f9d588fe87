// The agent against a gateway on loopback: real TLS, real files, proofs made by a consortium in
// memory. Power cuts are exceptions thrown after a durable step, anywhere.

#include <set>

#include "tests/integration/device/agent_fixture.hpp"

namespace assay::device {
namespace {

TEST_F(AgentTest, ABlankDeviceInstallsAndThenUpdates) {
    const auto leaf = offer(1, first_);
    device_.run();
    EXPECT_EQ(device_.slot(1), first_);
    EXPECT_EQ(device_.boot().active, 1U);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.state().installed->sequence, 1U);

    offer(2, second_);
    device_.run();
    EXPECT_EQ(device_.slot(0), second_);
    EXPECT_EQ(device_.slot(1), first_) << "the old image stays";
    EXPECT_EQ(device_.boot().active, 0U);

    EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                              ReceiptEvent::kConfirmed, ReceiptEvent::kVerified,
                                              ReceiptEvent::kInstalled, ReceiptEvent::kConfirmed}));
    const auto receipts = gateway_.receipts();
    for (std::size_t i = 0; i < receipts.size(); ++i) EXPECT_EQ(receipts[i].counter, i + 1);
    EXPECT_EQ(receipts[0].release, leaf);
    EXPECT_TRUE(receipts[0].running.is_zero());
    EXPECT_EQ(receipts[2].running, crypto::sha256(first_));
    EXPECT_EQ(receipts[4].running, crypto::sha256(first_));
    EXPECT_EQ(receipts[5].running, crypto::sha256(second_));
    EXPECT_EQ(receipts[0].slot, 1);
    EXPECT_EQ(receipts[3].slot, 0);
    EXPECT_EQ(receipts[5].nonce[0], std::byte{7});
    EXPECT_EQ(gateway_.polls().back().sequence, 2U);
    EXPECT_EQ(gateway_.polls().back().running, crypto::sha256(second_));
    EXPECT_EQ(gateway_.polls().back().state, "confirmed");
}

TEST_F(AgentTest, APowerCutAfterAnyStepIsMadeGood) {
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

        const bool cut = device.run_until_cut(steps);
        device.run();
        EXPECT_EQ(device.slot(1), first_) << steps;
        EXPECT_EQ(device.boot(), (BootState{1, std::nullopt, 0})) << steps;
        const AgentState state = device.state();
        EXPECT_EQ(state.phase, Phase::kConfirmed) << steps;
        EXPECT_EQ(state.installed->sequence, 1U) << steps;
        EXPECT_TRUE(state.outbox.empty()) << steps;
        EXPECT_EQ(gateway.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                                 ReceiptEvent::kConfirmed}))
            << steps;
        EXPECT_LE(gateway.ranges_served, 5) << "a chunk was fetched again, step " << steps;
        if (!cut) break;
        ++cuts;
    }
    EXPECT_GE(cuts, 14);  // 5 chunks, the slot, 4 of the boot loader and trial, states, receipts
}

TEST_F(AgentTest, TheSameCutAgainAndAgainDoesNotHurt) {
    offer(1, first_);
    int cuts = 0;
    while (device_.run_until_cut(2) && cuts < 100) ++cuts;
    device_.run();
    EXPECT_EQ(device_.slot(device_.boot().active), first_);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_LT(cuts, 100);
}

TEST_F(AgentTest, WaitsAtTheGatewayOnlyWhileItHasNothingToDo) {
    device_.options.poll_wait = Milliseconds(5000);
    offer(1, first_);
    device_.run();
    std::set<std::string> waited;
    for (const auto& poll : gateway_.polls()) {
        EXPECT_TRUE(poll.wait_ms == 0 || poll.wait_ms == 5000) << poll.wait_ms;
        if (poll.wait_ms != 0) waited.insert(poll.state);
    }
    EXPECT_TRUE(waited.contains("idle"));
    for (const char* const busy : {"downloading", "installing", "installed", "trying"}) {
        EXPECT_FALSE(waited.contains(busy)) << busy;
    }
}

TEST_F(AgentTest, AnOldReleaseIsRefused) {
    offer(2, second_);
    device_.run();
    // The lying gateway pretends that sequence 1 is an update; the proof is genuine and fresh.
    gateway_.offer_nothing();
    const auto record = consortium_.release(1, first_, kChunkBytes);
    ProvedRelease proved(consortium_, record, TestConsortium::kTime + 60);
    for (int i = 0; i < 3; ++i) proved.log.add(as_bytes("later"));
    const std::string note = proved.log.note(TestConsortium::kTime + 60);
    proved.proof.policy_proof = proved.log.prove(5, note);
    proved.proof.release_proof = proved.log.prove(6, note);
    OfferedRelease lie;
    lie.proof = proved.bundle();
    lie.image = first_;
    lie.chunks = TestConsortium::chunks(first_, kChunkBytes);
    lie.sequence = 99;
    gateway_.offer(proved.leaf(), lie);
    device_.run({}, 3);
    EXPECT_EQ(gateway_.receipts().back().event, ReceiptEvent::kRefused);
    EXPECT_EQ(gateway_.receipts().back().result,
              static_cast<std::uint16_t>(Refusal::kSequenceBelowFloor));
    EXPECT_EQ(gateway_.receipts().back().running, crypto::sha256(second_));
    EXPECT_EQ(gateway_.receipts().size(), 4U);
    EXPECT_EQ(gateway_.proofs_served, 2);
    EXPECT_EQ(device_.state().installed->sequence, 2U);
}

// Ten epochs behind, of which a bundle holds three.
class LaggingAgentTest : public AgentTest {
  protected:
    OfferedRelease behind_many_epochs() const {
        OfferedRelease release;
        release.proof = proved_.bundle();
        release.image = first_;
        release.chunks = TestConsortium::chunks(first_, kChunkBytes);
        release.sequence = 1;
        for (std::size_t known = 0; known < 10; known += 3) release.proofs[known] = steps(known);
        return release;
    }
    Bytes steps(std::size_t known) const {
        ledger::DeviceProof bundle;
        for (std::size_t i = known; i < std::min<std::size_t>(known + 3, 10); ++i) {
            bundle.epochs.push_back(chain_.steps[i]);
        }
        return ledger::encode_device_proof(bundle);
    }

    const test::EpochChain chain_{consortium_, 10};
    const ProvedRelease proved_{consortium_, consortium_.release(1, first_, kChunkBytes),
                                TestConsortium::kTime, {0, 1, 2}};
};

TEST_F(LaggingAgentTest, FollowsTheStepsPollByPollAndInstalls) {
    gateway_.offer(proved_.leaf(), behind_many_epochs());
    device_.options.poll_max = std::chrono::hours(1);  // it does not wait that long for the next
    device_.run({}, 8);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.state().epoch, chain_.records.back());
    EXPECT_EQ(gateway_.proofs_served, 5);
    EXPECT_EQ(gateway_.polls().front().epoch, 0U);
    EXPECT_EQ(gateway_.polls().back().epoch, 10U);
    EXPECT_EQ(refusals(), 0);
}

TEST_F(LaggingAgentTest, APowerCutLosesNoStepThatWasFollowed) {
    gateway_.offer(proved_.leaf(), behind_many_epochs());
    int cuts = 0;
    while (device_.run_until_cut(1) && cuts < 40) {
        EXPECT_EQ(device_.state().epoch.value_or(chain_.records[0]).epoch,
                  std::min<std::uint64_t>(10, 3 * static_cast<std::uint64_t>(++cuts)))
            << "each life ends with its first durable step";
        if (cuts == 4) break;
    }
    device_.run({}, 8);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.state().epoch, chain_.records.back());
}

TEST_F(LaggingAgentTest, StepsWithAGapAreRefusedAndAnHonestGatewayHelps) {
    OfferedRelease lie = behind_many_epochs();
    lie.proofs[3] = steps(5);
    gateway_.offer(proved_.leaf(), lie);
    device_.run({}, 6);
    ASSERT_EQ(refusals(), 1);
    EXPECT_EQ(gateway_.receipts().back().result, static_cast<std::uint16_t>(Refusal::kEpochUnknown));
    EXPECT_EQ(device_.state().epoch, chain_.records[3]) << "what was proved stays";

    lie.proofs[3] = steps(0);  // nothing new, for ever
    device_.options.refused_pause = Milliseconds(0);
    gateway_.offer(proved_.leaf(), lie);
    device_.run();
    EXPECT_EQ(refusals(), 2);

    gateway_.offer(proved_.leaf(), behind_many_epochs());
    device_.run({}, 8);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
}

TEST_F(AgentTest, ATamperedChunkIsNeverWritten) {
    gateway_.tampered_byte = 2500;
    expect_refused(consortium_.release(1, first_, kChunkBytes), first_,
                   Refusal::kChunkHashMismatch);
    EXPECT_EQ(device_.state().phase, Phase::kIdle);
    const Bytes slot = device_.slot(1);
    EXPECT_EQ(Bytes(slot.begin() + 2000, slot.begin() + 3000), Bytes(1000));

    // An honest gateway, an hour later: what was good is not fetched again.
    gateway_.tampered_byte = -1;
    gateway_.ranges_served = 0;
    device_.options.refused_pause = Milliseconds(0);
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(gateway_.ranges_served, 3);
}

TEST_F(AgentTest, AChunkListThatIsNotUnderTheSignedRootIsRefused) {
    const auto record = consortium_.release(1, first_, kChunkBytes);
    const ProvedRelease proved(consortium_, record);
    OfferedRelease lie;
    lie.proof = proved.bundle();
    lie.image = make_image(first_.size(), 9);
    lie.chunks = TestConsortium::chunks(lie.image, kChunkBytes);
    lie.sequence = 1;
    gateway_.offer(proved.leaf(), lie);
    device_.run();
    EXPECT_EQ(gateway_.receipts().back().result,
              static_cast<std::uint16_t>(Refusal::kChunkHashMismatch));
    EXPECT_EQ(gateway_.ranges_served, 0);
}

TEST_F(AgentTest, AnImageThatIsNotTheSignedOneIsRefused) {
    auto record = consortium_.release(1, first_, kChunkBytes);
    record.images[0].sha256 = crypto::sha256(as_bytes("another"));
    expect_refused(record, first_, Refusal::kImageDigestMismatch);
    EXPECT_EQ(device_.boot(), BootState{});
}

TEST_F(AgentTest, RefusesWhatIsNotForItOrNotProved) {
    auto record = consortium_.release(1, first_, kChunkBytes);
    record.device_class = ledger::uuid5(consortium_.vendor, "another-class");
    expect_refused(record, first_, Refusal::kClassMismatch);
    record = consortium_.release(1, first_, kChunkBytes);
    record.component = "bootloader";
    expect_refused(record, first_, Refusal::kComponentMismatch);
    record = consortium_.release(1, first_, kChunkBytes);
    expect_refused(record, first_, Refusal::kCheckpointStale, TestConsortium::kTime - 3600);
    record.sequence = 2;
    expect_refused(record, first_, Refusal::kQuorumNotMet, TestConsortium::kTime, {0, 1});
    record.sequence = 3;
    record.payload_type = ledger::PayloadType::kSwu;
    expect_refused(record, first_, Refusal::kPayloadUnsupported);
    record = consortium_.release(4, first_, kChunkBytes);
    device_.options.identity.requires_status = true;
    expect_refused(record, first_, Refusal::kStatusMissing);
    EXPECT_EQ(gateway_.ranges_served, 0);
}

TEST_F(AgentTest, AnUnhealthyImageIsRolledBack) {
    offer(1, first_);
    device_.run();
    device_.options.health.command = {"false"};
    offer(2, second_);
    device_.run({}, 3);
    EXPECT_EQ(device_.boot(), (BootState{1, std::nullopt, 0}));
    EXPECT_EQ(device_.slot(1), first_);
    EXPECT_EQ(device_.state().phase, Phase::kRolledBack);
    EXPECT_EQ(device_.state().installed->sequence, 1U);
    const auto last = gateway_.receipts().back();
    EXPECT_EQ(last.event, ReceiptEvent::kRolledBack);
    EXPECT_EQ(last.result, static_cast<std::uint16_t>(Refusal::kHealthCheckFailed));
    EXPECT_EQ(last.running, crypto::sha256(first_));
    EXPECT_EQ(gateway_.receipts().size(), 6U) << "not tried again at once";

    device_.options.health.command.clear();
    device_.options.refused_pause = Milliseconds(0);
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.state().installed->sequence, 2U);
}

TEST_F(AgentTest, WhatWasCommittedStaysThoughItsHealthFailsLater) {
    offer(1, first_);
    const auto cut_after_commit = [&](std::string_view what) {
        if (what == kBootFile && device_.boot().active == 1) throw PowerCut{};
    };
    EXPECT_THROW(device_.run(cut_after_commit), PowerCut);
    ASSERT_EQ(device_.state().phase, Phase::kTrying);
    device_.options.health.command = {"false"};
    device_.run();
    EXPECT_EQ(device_.boot(), (BootState{1, std::nullopt, 0}));
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    ASSERT_TRUE(device_.state().installed) << "what runs is what the device says that runs";
    EXPECT_EQ(device_.state().installed->sequence, 1U);
    EXPECT_EQ(gateway_.receipts().back().event, ReceiptEvent::kConfirmed);
}

TEST_F(AgentTest, ASlotThatNeverStartsIsRolledBack) {
    offer(1, first_);
    device_.run();
    offer(2, second_);
    // Each try of the new slot loses power before the agent can say that it is healthy.
    device_.options.boot_tries = 2;
    int trying = 0;
    const auto cut_while_trying = [&](std::string_view) {
        if (device_.boot().trial && device_.boot().tries_left < 2) {
            ++trying;
            throw PowerCut{};
        }
    };
    for (int i = 0; i < 2; ++i) EXPECT_THROW(device_.run(cut_while_trying), PowerCut);
    device_.run();
    EXPECT_EQ(trying, 2);
    EXPECT_EQ(device_.boot().active, 1U);
    EXPECT_EQ(device_.state().phase, Phase::kRolledBack);
    EXPECT_EQ(gateway_.receipts().back().result, static_cast<std::uint16_t>(Refusal::kBootFailed));
}

TEST_F(AgentTest, ReceiptsWaitForAGatewayThatTakesThem) {
    gateway_.receipts_fail = true;
    offer(1, first_);
    device_.run();
    EXPECT_EQ(device_.state().outbox.size(), 3U);
    EXPECT_TRUE(gateway_.receipts().empty());
    gateway_.receipts_fail = false;
    device_.run();
    EXPECT_TRUE(device_.state().outbox.empty());
    EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                              ReceiptEvent::kConfirmed}));
}

TEST_F(AgentTest, ADownloadGoesOnWhereTheGatewayFailed) {
    offer(1, first_);
    gateway_.ranges_until_failure = 3;
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kDownloading);
    gateway_.ranges_until_failure = -1;
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(gateway_.ranges_served, 5);
    EXPECT_EQ(gateway_.proofs_served, 1);
}

TEST_F(AgentTest, ANewerReleaseSupersedesADownload) {
    offer(1, first_);
    gateway_.ranges_until_failure = 2;
    device_.run();
    gateway_.ranges_until_failure = -1;
    offer(2, second_);
    device_.run();
    EXPECT_EQ(device_.state().installed->sequence, 2U);
    EXPECT_EQ(device_.slot(1), second_);
}

TEST_F(AgentTest, TheRollbackFloorIsBurntInOnConfirmation) {
    auto record = consortium_.release(5, first_, kChunkBytes);
    record.min_sequence = 5;
    offer(record, first_);
    device_.run();
    EXPECT_EQ(device_.state().sequence_floor, 5U);
}

TEST_F(AgentTest, AGatewaysWordAboutReceiptsIsNoJudgementOnARelease) {
    offer(1, first_);
    gateway_.chunks_replayed = true;
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kDownloading);
    EXPECT_EQ(refusals(), 0);
    gateway_.chunks_replayed = false;
    device_.run();
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
}

TEST_F(AgentTest, ARestartWaitsForItsTime) {
    // The fixed clock says 14:15.
    offer(1, first_);
    device_.options.restart.window = protocol::parse_window("22:00-04:00");
    device_.run({}, 3);
    EXPECT_EQ(device_.state().phase, Phase::kInstalled);
    EXPECT_EQ(device_.boot(), BootState{}) << "nothing tells the boot loader yet";
    EXPECT_EQ(gateway_.events(),
              (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled}));

    // What comes meanwhile takes its place.
    offer(2, second_);
    device_.run({}, 3);
    EXPECT_EQ(device_.state().phase, Phase::kInstalled);
    EXPECT_EQ(device_.state().pending->sequence, 2U);

    device_.options.restart.window.reset();
    DiskStorage disk;
    const auto now = TestConsortium::kTime + 100;
    ASSERT_TRUE(postpone(device_.options.folder, disk, {}, std::nullopt, now, 60));
    device_.run({}, 3);
    EXPECT_EQ(device_.state().phase, Phase::kInstalled);
    ASSERT_TRUE(postpone(device_.options.folder, disk, {}, std::nullopt, now, 0));
    device_.run();
    EXPECT_EQ(device_.state().installed->sequence, 2U);
    EXPECT_FALSE(std::filesystem::exists(device_.file("postponed")));
}

TEST_F(AgentTest, AReleaseThatHasWaitedIsJudgedAgainBeforeTheRestart) {
    offer(1, first_);
    device_.options.restart.window = protocol::parse_window("22:00-04:00");
    device_.run({}, 2);
    EXPECT_EQ(device_.state().phase, Phase::kInstalled);
    device_.options.restart.window.reset();
    device_.options.identity.requires_status = true;  // and no status names it
    device_.run({}, 2);
    EXPECT_EQ(device_.state().phase, Phase::kIdle);
    EXPECT_EQ(device_.boot(), BootState{}) << "nothing told the boot loader";
    EXPECT_EQ(gateway_.receipts().back().result,
              static_cast<std::uint16_t>(Refusal::kStatusMissing));
}

// Loses the power at its first call; then copies.
class CutInstaller final : public Installer {
  public:
    Result<void> install(const PendingRelease&, const InstallTarget& target) override {
        if (++calls == 1) throw PowerCut{};
        std::filesystem::copy_file(target.payload, target.slot_path,
                                   std::filesystem::copy_options::overwrite_existing);
        return {};
    }
    int calls = 0;
};

TEST_F(AgentTest, APayloadThatAPowerCutHasDamagedIsNotHandedOver) {
    offer(1, first_);
    CutInstaller installer;
    device_.installer = &installer;
    std::filesystem::create_directories(device_.file("slots"));
    EXPECT_THROW(device_.run(), PowerCut);
    EXPECT_EQ(device_.state().phase, Phase::kInstalling);
    const int served = gateway_.ranges_served;
    Bytes payload = read_file(device_.file("payload"), 1 << 20).value();
    payload[payload.size() - 1] ^= std::byte{1};
    ASSERT_TRUE(write_file_durable(device_.file("payload"), payload));
    device_.options.health.slot_is_image = true;
    device_.run({}, 3);
    EXPECT_EQ(device_.state().phase, Phase::kConfirmed);
    EXPECT_EQ(device_.slot(1), first_);
    EXPECT_EQ(gateway_.ranges_served, served + 1) << "the damaged chunk alone is fetched again";
}

// Each refusal is written to flash, twice.
TEST_F(AgentTest, AGatewayThatMakesUpReleasesIsNotListenedToForEver) {
    GatewayClient client(gateway_.url(), gateway_.device_tls());
    DiskStorage disk;
    FileBootStore store(device_.file("boot.cbor"), disk);
    const BootLoader boot(store);
    const EventLog log(stderr, EventLog::Form::kText);
    Agent agent(device_.options, {gateway_.device_key, client, disk, boot, log});
    ASSERT_TRUE(agent.start());
    for (std::uint64_t i = 1; i <= 20; ++i) {
        auto record = consortium_.release(i, first_, kChunkBytes);
        record.component = "not-mine";
        offer(record, first_, TestConsortium::kTime + i);
        ASSERT_TRUE(agent.round());
    }
    EXPECT_EQ(refusals(), 5);
}

TEST_F(AgentTest, AsksForAFreshCheckpointWhenItsOwnGrowsOld) {
    offer(1, first_);
    device_.run();
    const auto known = device_.state().checkpoint->time;
    // 100 s later by the clock, more than half of what the device puts up with.
    device_.options.identity.checkpoint_age_max_s = 150;
    offer(consortium_.release(1, first_, kChunkBytes), first_, TestConsortium::kTime + 90);
    gateway_.offer_nothing();
    device_.run();
    EXPECT_GT(device_.state().checkpoint->time, known);
    EXPECT_EQ(device_.newest_checkpoint, device_.state().checkpoint->time) << "for certificates";
    EXPECT_EQ(device_.state().installed->sequence, 1U);
    EXPECT_EQ(refusals(), 0);
}

// Without a clock, too: the time that has passed is known.
TEST_F(AgentTest, AGatewayThatShowsTheSameCheckpointAgainAndAgainIsNoticed) {
    offer(1, first_);
    device_.run();
    GatewayClient client(gateway_.url(), gateway_.device_tls());
    DiskStorage disk;
    FileBootStore store(device_.file("boot.cbor"), disk);
    const BootLoader boot(store);
    std::FILE* const file = std::fopen(device_.file("log").c_str(), "w");
    ASSERT_NE(file, nullptr);
    const EventLog log(file, EventLog::Form::kText);
    device_.options.identity.checkpoint_age_max_s = 2;
    Agent agent(device_.options, {gateway_.device_key, client, disk, boot, log});
    ASSERT_TRUE(agent.start());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::string said;
    while (said.find("out-of-touch") == std::string::npos) {
        ASSERT_LT(std::chrono::steady_clock::now(), end) << said;
        ASSERT_TRUE(agent.round());
        std::fflush(file);
        said = as_text(read_file(device_.file("log"), 1 << 24).value());
    }
    std::fclose(file);
    EXPECT_EQ(gateway_.polls().back().state, "out-of-touch") << "the operator is to see it";
}

TEST_F(AgentTest, AClockThatIsBehindTheLedgerIsNotBelieved) {
    class DeadBattery final : public Clock {
      public:
        [[nodiscard]] Timestamp now() const noexcept override { return Timestamp{}; }
    };
    offer(1, first_);
    device_.run();
    GatewayClient client(gateway_.url(), gateway_.device_tls());
    DiskStorage disk;
    FileBootStore store(device_.file("boot.cbor"), disk);
    const BootLoader boot(store);
    const EventLog log(stderr, EventLog::Form::kText);
    const DeadBattery clock;
    auto expired = consortium_.release(2, second_, kChunkBytes);
    expired.expires = TestConsortium::kTime - 1;
    offer(expired, second_, TestConsortium::kTime + 50);
    Agent agent(device_.options, {gateway_.device_key, client, disk, boot, log, &clock});
    ASSERT_TRUE(agent.start());
    ASSERT_TRUE(agent.round());
    EXPECT_EQ(gateway_.receipts().back().result,
              static_cast<std::uint16_t>(Refusal::kReleaseExpired));
    EXPECT_GE(gateway_.receipts().back().time.value_or(0), TestConsortium::kTime);
}

TEST_F(AgentTest, NoGatewayCanMakeItPollWithoutAPause) {
    GatewayClient client(gateway_.url(), gateway_.device_tls());
    DiskStorage disk;
    FileBootStore store(device_.file("boot.cbor"), disk);
    const BootLoader boot(store);
    const EventLog log(stderr, EventLog::Form::kText);
    device_.options.poll_max = Milliseconds(60'000);
    gateway_.sleep_ms = 0;
    Agent agent(device_.options, {gateway_.device_key, client, disk, boot, log});
    ASSERT_TRUE(agent.start());
    const auto next = agent.round();
    ASSERT_TRUE(next);
    EXPECT_GE(next->pause, Milliseconds(100));
}

TEST_F(AgentTest, AnUnreachableGatewayMakesPausesLonger) {
    const auto tls = gateway_.device_tls();
    GatewayClient nowhere("https://127.0.0.1:1", tls);
    DiskStorage disk;
    FileBootStore store(device_.file("boot.cbor"), disk);
    const BootLoader boot(store);
    const EventLog log(stderr, EventLog::Form::kText);
    device_.options.poll_max = Milliseconds(60'000);
    Agent agent(device_.options, {gateway_.device_key, nowhere, disk, boot, log});
    ASSERT_TRUE(agent.start());
    Milliseconds last{0};
    for (int i = 0; i < 4; ++i) {
        const auto next = agent.round();
        ASSERT_TRUE(next);
        EXPECT_GT(next->pause, last);
        last = next->pause;
    }
    EXPECT_GE(last, Milliseconds(8'000));
}

}  // namespace
}  // namespace assay::device
