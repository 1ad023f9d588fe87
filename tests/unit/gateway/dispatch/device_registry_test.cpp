#include "gateway/dispatch/device_registry.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};

crypto::PublicKey key_of_byte(std::uint8_t value) {
    crypto::PublicKey key;
    key.algorithm = crypto::Algorithm::kEcdsaP256;
    key.bytes = Bytes(65, static_cast<std::byte>(value));
    return key;
}

TEST(DeviceRegistry, RemembersADeviceOverARestart) {
    const test::TempDir dir;
    ledger::LedgerDeviceId ledger_id{};
    ledger_id[3] = std::byte{7};
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        auto registry = DeviceRegistry::open(*store).value();
        ASSERT_TRUE(registry.enrol("device-1", ledger_id, key_of_byte(1), kNow));
        Device& device = *registry.find("device-1");
        device.report.emplace();
        device.report->target.component = "firmware";
        device.report->sequence = 4;
        device.report->version = "1.0 \"quoted\"";
        device.report->running.bytes[5] = std::byte{9};
        device.report->state = "idle";
        device.assignment.emplace();
        device.assignment->release.bytes[0] = std::byte{3};
        device.assignment->nonce[7] = std::byte{8};
        device.confirmed_sequence = 4;
        device.last_event = "confirmed";
        ASSERT_TRUE(registry.save(device));
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    ASSERT_EQ(registry.devices().size(), 1U);
    const Device& device = *registry.find("device-1");
    EXPECT_EQ(device.ledger_id, ledger_id);
    EXPECT_EQ(device.key, key_of_byte(1));
    EXPECT_EQ(device.enrolled, kNow);
    EXPECT_EQ(device.report->sequence, 4U);
    EXPECT_EQ(device.report->version, "1.0 \"quoted\"");
    EXPECT_EQ(device.report->running.bytes[5], std::byte{9});
    EXPECT_EQ(device.assignment->release.bytes[0], std::byte{3});
    EXPECT_EQ(device.assignment->nonce[7], std::byte{8});
    EXPECT_EQ(device.confirmed_sequence, 4U);
    EXPECT_EQ(device.last_event, "confirmed");
}

TEST(DeviceRegistry, ANewKeyKeepsTheHistory) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    ASSERT_TRUE(registry.enrol("device-1", {}, key_of_byte(1), kNow));
    registry.find("device-1")->confirmed_sequence = 5;
    ASSERT_TRUE(registry.enrol("device-1", {}, key_of_byte(2), kNow));
    EXPECT_EQ(registry.find("device-1")->key, key_of_byte(2));
    EXPECT_EQ(registry.find("device-1")->confirmed_sequence, 5U);
    EXPECT_EQ(registry.find("device-2"), nullptr);
}

TEST(DeviceRegistry, SaysWhichStoredDeviceIsDamaged) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    for (const char* const damage : {"", "{}", "[1]", "{\"ledger_id\":\"00\"}"}) {
        ledger::WriteBatch batch;
        batch.put(as_bytes("ddevice-9"), as_bytes(damage));
        ASSERT_TRUE(store->write_synced(batch));
        const auto registry = DeviceRegistry::open(*store);
        ASSERT_FALSE(registry) << damage;
        EXPECT_NE(registry.error().context().find("device-9"), std::string::npos);
    }
}

}  // namespace
}  // namespace assay::gateway
