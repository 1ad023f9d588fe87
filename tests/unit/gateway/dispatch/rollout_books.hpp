// A book of rollouts over devices and releases that are made up, driven by hand: for the tests of the book.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway::test_rollouts {

inline constexpr ledger::Uuid kVendor{std::byte{1}};
inline constexpr Timestamp kBegin{std::chrono::seconds(1'800'000'000)};

inline ledger::LeafHash leaf_of(std::uint64_t sequence) {
    ledger::LeafHash leaf;
    leaf.bytes[0] = static_cast<std::byte>(sequence);
    return leaf;
}

inline RolloutPlan plan_of(const std::string& id, std::uint64_t sequence) {
    RolloutPlan plan;
    plan.id = id;
    plan.release = leaf_of(sequence);
    plan.phases.emplace_back();
    return plan;
}

// A registry, a catalog and a book over one store, which can be closed and opened again.
class RolloutBooks : public testing::Test {
  protected:
    void SetUp() override { open(ledger::open_leveldb(dir_.path()).value()); }
    void open(std::unique_ptr<ledger::KeyValueStore> store) {
        store_ = std::move(store);
        devices_.emplace(DeviceRegistry::open(*store_).value());
        book_.emplace(*store_, *devices_, catalog_);
        ASSERT_TRUE(book_->load());
    }
    void restart() {
        book_.reset();
        devices_.reset();
        store_.reset();
        open(ledger::open_leveldb(dir_.path()).value());
    }
    void add_devices(int count) {
        for (int i = 0; i < count; ++i) {
            const std::string id = "device-" + std::to_string(i);
            ASSERT_TRUE(devices_->enrol({id, {}, {}, {}, {}}, DeviceRegistry::KeyChange::kRefuse, now_));
            Device& device = *devices_->find(id);
            device.report.emplace();
            device.report->target.vendor = kVendor;
            device.report->target.device_class = kVendor;
            device.report->target.component = "firmware";
            device.report->version = "1.0";
            ASSERT_TRUE(devices_->save(device));
        }
    }
    CatalogEntry& add_release(std::uint64_t sequence,
                              ledger::Urgency urgency = ledger::Urgency::kRoutine) {
        KnownRelease release;
        release.leaf = leaf_of(sequence);
        release.record.vendor = kVendor;
        release.record.device_class = kVendor;
        release.record.component = "firmware";
        release.record.sequence = sequence;
        release.record.urgency = urgency;
        release.record.images.emplace_back();
        CatalogEntry& entry = catalog_.add(std::move(release));
        entry.stage = ReleaseStage::kReady;
        return entry;
    }
    void begin(RolloutPlan plan) {
        const auto created = book_->create(std::move(plan), now_);
        ASSERT_TRUE(created) << created.error().to_string();
        ASSERT_TRUE(book_->step(now_));
    }
    AssignmentDecision decide(const std::string& id) {
        const DispatchRules rules{catalog_, *book_};
        return decide_assignment(*devices_->find(id), rules, now_);
    }
    std::uint64_t offered_sequence(const std::string& id) {
        const auto decision = decide(id);
        return decision.release == nullptr ? 0 : decision.release->release.record.sequence;
    }
    // As a poll does it; returns whether there was something.
    bool poll(const std::string& id) {
        const auto decision = decide(id);
        if (decision.release == nullptr) return false;
        Device& device = *devices_->find(id);
        book_->note_offered(device, decision.rollout, now_);
        EXPECT_TRUE(devices_->save(device));
        return true;
    }
    void receipt(const std::string& id, std::uint64_t sequence, ledger::ReceiptEvent event) {
        Device& device = *devices_->find(id);
        book_->note_receipt(device, leaf_of(sequence), event, "", now_);
        if (event == ledger::ReceiptEvent::kConfirmed) {
            device.report->sequence = sequence;
            device.report->version = "2.0";
            device.confirmed_sequence = sequence;
        }
        EXPECT_TRUE(devices_->save(device));
    }
    void change(const std::string& id, const std::function<void(Device&)>& make) {
        Device& device = *devices_->find(id);
        book_->change(device, make, now_);
        ASSERT_TRUE(devices_->save(device));
    }
    void report(const std::string& id, std::uint64_t sequence) {
        change(id, [&](Device& device) { device.report->sequence = sequence; });
    }
    RolloutTally count(const char* id) const { return book_->count(*book_->find(id)); }
    void hold_often(const std::string& id, std::uint64_t sequence) {
        Device& device = *devices_->find(id);
        for (unsigned i = 0; i < kFailuresMax; ++i) hold_back(device, leaf_of(sequence), now_);
    }
    std::optional<RolloutStep> step_or_none(const std::string& device, const char* rollout) {
        const auto& own = devices_->find(device)->rollouts;
        return own.contains(rollout) ? std::optional(own.at(rollout).step) : std::nullopt;
    }
    RolloutStep step_of(const std::string& device, const char* rollout) {
        return devices_->find(device)->rollouts.at(rollout).step;
    }
    std::set<std::string> poll_all() {
        std::set<std::string> offered;
        for (const auto& [id, device] : devices_->devices()) {
            if (poll(id)) offered.insert(id);
        }
        return offered;
    }
    const RolloutState& state(const char* id) const { return book_->find(id)->state; }

    test::TempDir dir_;
    std::unique_ptr<ledger::KeyValueStore> store_;
    ReleaseCatalog catalog_;
    std::optional<DeviceRegistry> devices_;
    std::optional<RolloutBook> book_;
    Timestamp now_ = kBegin;
};

}  // namespace assay::gateway::test_rollouts
