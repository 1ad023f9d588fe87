// A device's disk and identity, on which agents come and go, at a gateway on loopback. Power cuts are
// exceptions thrown after a durable step.

#pragma once

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "device/agent.hpp"
#include "device/gateway_client.hpp"
#include "tests/integration/device/test_gateway.hpp"
#include "tests/support/epoch_chain.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {

using ledger::ReceiptEvent;
using test::OfferedRelease;
using test::ProvedRelease;
using test::TestConsortium;
using Kind = Agent::Next::Kind;

inline constexpr std::size_t kChunkBytes = 1000;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const noexcept override {
        return Timestamp(std::chrono::seconds(TestConsortium::kTime + 100));
    }
};

struct PowerCut {};

// Tells of each durable step, which is where a test cuts the power.
class ObservedDisk final : public DiskStorage {
  public:
    using Observer = std::function<void(std::string_view what)>;
    explicit ObservedDisk(Observer observer) : observer_{std::move(observer)} {}

    Result<void> replace(const std::filesystem::path& path, ByteView content) override {
        auto done = DiskStorage::replace(path, content);
        if (observer_) observer_(path.filename().string());
        return done;
    }
    Result<std::unique_ptr<Volume>> open_sized(const std::filesystem::path& path,
                                               std::uint64_t bytes) override {
        auto volume = DiskStorage::open_sized(path, bytes);
        if (!volume) return volume;
        return std::make_unique<Observed>(std::move(*volume), observer_);
    }

  private:
    class Observed final : public Volume {
      public:
        Observed(std::unique_ptr<Volume> volume, const Observer& observer)
            : volume_{std::move(volume)}, observer_{observer} {}
        Result<std::size_t> read_at(std::uint64_t offset,
                                    std::span<std::byte> out) const override {
            return volume_->read_at(offset, out);
        }
        Result<void> write_at(std::uint64_t offset, ByteView data) override {
            return volume_->write_at(offset, data);
        }
        Result<void> sync() override {
            auto done = volume_->sync();
            if (observer_) observer_("chunk");
            return done;
        }
        void forget_cached() const override { volume_->forget_cached(); }

      private:
        std::unique_ptr<Volume> volume_;
        const Observer& observer_;
    };
    Observer observer_;
};

inline Bytes make_image(std::size_t bytes, unsigned seed) {
    Bytes image(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        image[i] = static_cast<std::byte>((i * 31 + i / 251 + seed) & 0xff);
    }
    return image;
}

// A device's disk and identity; agents come and go on it.
class TestDevice {
  public:
    TestDevice(test::TestGateway& gateway, const TestConsortium& consortium)
        : gateway_{&gateway}, tls_{gateway.device_tls()} {
        options.folder = folder_.path();
        options.slots = Slots::files_in(folder_ / "slots");
        options.identity.anchor = consortium.anchor();
        options.identity.device_class = consortium.device_class;
        options.identity.component = "firmware";
        options.identity.checkpoint_age_max_s = 3600;
        options.ledger_id = ledger::ledger_device_id(as_bytes("salt"), "device-01");
        options.poll_max = Milliseconds(50);
        options.refused_pause = std::chrono::hours(1);
    }

    // Boots and runs until the agent has nothing to do; restarts as often as it asks to. `observer`
    // sees the durable steps.
    void run(const ObservedDisk::Observer& observer = {}, int rounds_idle = 1) {
        ObservedDisk disk(observer);
        FileBootStore store(folder_.path() / kBootFile, disk);
        const BootLoader boot(store);
        for (int boots = 0; boots < 10; ++boots) {
            GatewayClient client(gateway_->url(), tls_);
            const AgentParts parts{gateway_->device_key, client, disk, boot, log_, &clock_,
                                   installer, &newest_checkpoint};
            Agent agent(options, parts);
            auto next = agent.start();
            int idle = 0;
            while (next && next->kind == Kind::kSleep && idle < rounds_idle) {
                next = agent.round();
                if (next && next->kind == Kind::kSleep) ++idle;
            }
            ASSERT_TRUE(next) << next.error().to_string();
            if (next->kind == Kind::kSleep) return;
        }
        FAIL() << "restarts without end";
    }

    // Runs until the power goes after the n-th durable step. False if it never did.
    bool run_until_cut(int steps) {
        try {
            run([&](std::string_view) {
                if (--steps == 0) throw PowerCut{};
            });
        } catch (const PowerCut&) {
            return true;
        }
        return false;
    }

    [[nodiscard]] AgentState state() const {
        DiskStorage disk;
        return StateFile(folder_.path() / kStateFile, disk).load().value();
    }
    [[nodiscard]] BootState boot() const {
        DiskStorage disk;
        return FileBootStore(folder_.path() / kBootFile, disk).read().value();
    }
    [[nodiscard]] Bytes slot(SlotIndex index) const {
        return read_file(options.slots.at(index), 1 << 24).value_or(Bytes{});
    }

    AgentOptions options;
    Installer* installer = nullptr;
    std::uint64_t newest_checkpoint = 0;
    [[nodiscard]] std::filesystem::path file(const std::string& name) const {
        return folder_ / name;
    }

  private:
    test::TempDir folder_;
    test::TestGateway* gateway_;
    std::shared_ptr<const http::TlsContext> tls_;
    EventLog log_{stderr, EventLog::Form::kText};
    FixedClock clock_;
};

class AgentTest : public testing::Test {
  protected:
    ledger::LeafHash offer(const ledger::ReleaseRecord& record,
                           const Bytes& image,
                           std::uint64_t time = TestConsortium::kTime,
                           const std::vector<ledger::Slot>& cosigners = {0, 1, 2, 3}) {
        const ProvedRelease proved(consortium_, record, time, cosigners);
        OfferedRelease release;
        release.proof = proved.bundle();
        release.image = image;
        release.chunks = TestConsortium::chunks(image, kChunkBytes);
        release.sequence = record.sequence;
        gateway_.offer(proved.leaf(), std::move(release));
        return proved.leaf();
    }
    ledger::LeafHash offer(std::uint64_t sequence, const Bytes& image) {
        return offer(consortium_.release(sequence, image, kChunkBytes), image,
                     TestConsortium::kTime + sequence);
    }
    // Offers a release and expects the device to refuse it with this word, once, and to stay as it
    // is.
    void expect_refused(const ledger::ReleaseRecord& record,
                        const Bytes& image,
                        Refusal word,
                        std::uint64_t time = TestConsortium::kTime + 50,
                        const std::vector<ledger::Slot>& cosigners = {0, 1, 2, 3}) {
        const auto before = device_.state();
        const auto leaf = offer(record, image, time, cosigners);
        const auto refusals_before = refusals();
        device_.run({}, 3);
        const auto receipts = gateway_.receipts();
        ASSERT_EQ(refusals(), refusals_before + 1) << "once, not in a hot loop";
        EXPECT_EQ(receipts.back().event, ReceiptEvent::kRefused);
        EXPECT_EQ(receipts.back().result, static_cast<std::uint16_t>(word))
            << receipts.back().detail.value_or("");
        EXPECT_EQ(receipts.back().release, leaf);
        const auto after = device_.state();
        EXPECT_EQ(after.installed, before.installed);
        EXPECT_EQ(after.refused.back().release, leaf);
        EXPECT_FALSE(after.pending);
    }

    [[nodiscard]] std::ptrdiff_t refusals() {
        const auto events = gateway_.events();
        return std::count(events.begin(), events.end(), ReceiptEvent::kRefused);
    }

    TestConsortium consortium_;
    test::TestGateway gateway_;
    TestDevice device_{gateway_, consortium_};
    const Bytes first_ = make_image(4500, 1);
    const Bytes second_ = make_image(3700, 2);
};

}  // namespace assay::device
