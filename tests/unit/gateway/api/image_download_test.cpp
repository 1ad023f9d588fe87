#include "gateway/api/image_download.hpp"

#include <deque>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/members.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/run_awaitable.hpp"

namespace assay::gateway {
namespace {

using ledger::Urgency;

constexpr ledger::Uuid kVendor{std::byte{1}};
constexpr std::uint64_t kImageBytes = 1000;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const noexcept override { return Timestamp{std::chrono::seconds(1'800'000'000)}; }
};

// A gateway without its listener: devices are given releases, and download them.
class ImageDownloads : public testing::Test {
  protected:
    CatalogEntry& add_release(std::uint64_t sequence, Urgency urgency) {
        KnownRelease release;
        release.leaf.bytes[0] = static_cast<std::byte>(sequence);
        release.record.vendor = kVendor;
        release.record.device_class = kVendor;
        release.record.component = "firmware";
        release.record.sequence = sequence;
        release.record.urgency = urgency;
        release.record.images.emplace_back().bytes = kImageBytes;
        CatalogEntry& entry = catalog_.add(std::move(release));
        entry.stage = ReleaseStage::kReady;
        return entry;
    }
    void begin_rollout(const CatalogEntry& entry, std::uint32_t under_way_max) {
        RolloutPlan plan;
        plan.id = "r" + std::to_string(entry.release.record.sequence);
        plan.release = entry.release.leaf;
        plan.phases.emplace_back();
        plan.abort_percent = 0;
        plan.under_way_max = under_way_max;
        ASSERT_TRUE(rollouts_.create(plan, clock_.now()));
        ASSERT_TRUE(rollouts_.step(clock_.now()));
        waiters_.wake_all();
    }
    Device& add_device(const std::string& id) {
        Enrolment enrolment;
        enrolment.id = id;
        enrolment.key = test::new_key().public_key();
        EXPECT_TRUE(devices_.enrol(enrolment, DeviceRegistry::KeyChange::kRefuse, clock_.now()));
        Device& device = *devices_.find(id);
        device.report.emplace();
        device.report->target = {kVendor, kVendor, "firmware"};
        EXPECT_TRUE(devices_.save(device));
        return device;
    }
    AssignmentDecision decide(const Device& device) const {
        return decide_assignment(device, rules_, clock_.now());
    }
    ImageDownload download(Device& device, CatalogEntry& entry) {
        device.assignment = Assignment{entry.release.leaf, {}};
        return {parts_, device, entry};
    }
    bool may_send(ImageDownload& download) {
        return test::run_awaitable(io_, download.may_send(kImageBytes)).has_value();
    }

    boost::asio::io_context io_;
    FixedClock clock_;
    crypto::PrivateKey key_ = test::new_key(crypto::Algorithm::kEcdsaP256);
    GroupCommit store_{io_.get_executor(), std::make_unique<test::MemoryStore>()};
    DeviceRegistry devices_ = DeviceRegistry::open(store_).value();
    ReceiptStore receipts_ = ReceiptStore::open(store_).value();
    ReleaseCatalog catalog_;
    RolloutBook rollouts_{store_, devices_, catalog_};
    AttestationDesk attestations_{{io_.get_executor(), store_, receipts_, devices_,
                                   [this]() -> const crypto::PrivateKey& { return key_; }, clock_}};
    PollWaiters waiters_{io_.get_executor()};
    SendPacer pacer_{io_.get_executor(), PaceLimits{}};
    DispatchRules rules_{catalog_, rollouts_};
    ImageDownloadParts parts_{store_,        devices_, rules_, rollouts_,
                              attestations_, waiters_, pacer_, clock_};
};

// Its image goes while the last piece is on its way.
TEST_F(ImageDownloads, OneThatWasRecalledEndsWithoutItsImageAndIsNotAttested) {
    CatalogEntry& release = add_release(1, Urgency::kRoutine);
    ImageDownload download = this->download(add_device("device"), release);
    EXPECT_TRUE(may_send(download));
    release.fail_with(ReleaseStage::kRefused, Error(make_error_code(Refusal::kReleaseRecalled), ""));
    download.sent(0, kImageBytes);
    EXPECT_FALSE(may_send(download));
    EXPECT_EQ(attestations_.record_some(), false);
}

TEST_F(ImageDownloads, AWholeImageIsAttestedUnlessItWentToAnotherBoard) {
    CatalogEntry& release = add_release(1, Urgency::kRoutine);
    Device& device = add_device("device");
    ImageDownload download = this->download(device, release);
    ImageDownload by_old_board = this->download(device, release);
    download.sent(0, kImageBytes);
    EXPECT_EQ(attestations_.record_some(), true);
    Enrolment again;
    again.id = "device";
    again.key = test::new_key().public_key();
    ASSERT_TRUE(devices_.enrol(again, DeviceRegistry::KeyChange::kReplace, clock_.now()));
    EXPECT_FALSE(may_send(by_old_board));
    by_old_board.sent(0, kImageBytes);
    EXPECT_EQ(attestations_.record_some(), false);
}

TEST_F(ImageDownloads, NoMoreAreCutThanTheUrgentRolloutHasPlacesFor) {
    CatalogEntry& routine = add_release(1, Urgency::kRoutine);
    std::deque<ImageDownload> downloads;
    for (const char* const id : {"device-1", "device-2", "device-3"}) {
        downloads.emplace_back(parts_, add_device(id), routine);
        devices_.find(id)->assignment = Assignment{routine.release.leaf, {}};
        EXPECT_TRUE(may_send(downloads.back()));
    }
    const CatalogEntry& urgent = add_release(2, Urgency::kEmergency);
    begin_rollout(urgent, 1);
    EXPECT_FALSE(may_send(downloads[1]));
    EXPECT_TRUE(may_send(downloads[0]));
    EXPECT_TRUE(may_send(downloads[2]));
    EXPECT_FALSE(may_send(downloads[1])) << "as long as it asks for the other one";
    EXPECT_EQ(decide(*devices_.find("device-1")).release, &routine);
    EXPECT_EQ(decide(*devices_.find("device-2")).release, &urgent) << "it has the place";
    EXPECT_EQ(rollouts_.rollouts().at("r2").under_way, 1U);

    ASSERT_TRUE(test::run_awaitable(io_, store_.settled()));
    const auto kept = DeviceRegistry::open(store_).value();
    EXPECT_TRUE(kept.find("device-2")->rollouts.contains("r2")) << "also after a restart";
}

TEST_F(ImageDownloads, TheNextOneIsCutWhenThePlaceIsFreeAgain) {
    CatalogEntry& routine = add_release(1, Urgency::kRoutine);
    ImageDownload first = download(add_device("device-1"), routine);
    ImageDownload second = download(add_device("device-2"), routine);
    const CatalogEntry& urgent = add_release(2, Urgency::kEmergency);
    begin_rollout(urgent, 1);
    EXPECT_FALSE(may_send(first));
    EXPECT_TRUE(may_send(second));
    rollouts_.note_receipt(*devices_.find("device-1"), urgent.release.leaf, ledger::ReceiptEvent::kConfirmed, "",
                           clock_.now());
    EXPECT_EQ(rollouts_.step(clock_.now()), true);
    waiters_.wake_all();
    EXPECT_FALSE(may_send(second));
}

}  // namespace
}  // namespace assay::gateway
