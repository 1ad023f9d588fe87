#include "gateway/dispatch/device_registry.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

constexpr auto kRefuse = DeviceRegistry::KeyChange::kRefuse;
constexpr auto kReplace = DeviceRegistry::KeyChange::kReplace;
constexpr Timestamp kEnrolled{std::chrono::seconds(1'800'000'000)};

crypto::PublicKey key_of_byte(std::uint8_t value) {
    crypto::PublicKey key;
    key.algorithm = crypto::Algorithm::kEcdsaP256;
    key.bytes = Bytes(65, static_cast<std::byte>(value));
    return key;
}

TEST(DeviceRegistry, RemembersTheKeysThatADeviceHad) {
    const test::TempDir dir;
    {
        const auto store = ledger::open_leveldb(dir.path()).value();
        DeviceRegistry registry = DeviceRegistry::open(*store).value();
        for (std::uint8_t key = 1; key <= 20; ++key) {
            if (key == 17) {
                EXPECT_FALSE(registry.find("d")->are_former_keys_forgotten);
            }
            ASSERT_TRUE(registry.enrol({"d", {}, key_of_byte(key), {}, {}}, kReplace, kEnrolled));
            ASSERT_TRUE(registry.enrol({"d", {}, key_of_byte(key), {}, {}}, kRefuse, kEnrolled));
        }
    }
    const auto store = ledger::open_leveldb(dir.path()).value();
    const DeviceRegistry registry = DeviceRegistry::open(*store).value();
    const Device* const device = registry.find("d");
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->key, key_of_byte(20));
    ASSERT_EQ(device->former_keys.size(), 15U);
    EXPECT_EQ(device->former_keys.front(), key_of_byte(5));
    EXPECT_EQ(device->former_keys.back(), key_of_byte(19));
    EXPECT_TRUE(device->are_former_keys_forgotten);
}

TEST(DeviceRegistry, RemembersADeviceOverARestart) {
    const test::TempDir dir;
    ledger::LedgerDeviceId ledger_id{};
    ledger_id[3] = std::byte{7};
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        auto registry = DeviceRegistry::open(*store).value();
        ASSERT_TRUE(registry.enrol({"device-1", ledger_id, key_of_byte(1), {}, {}}, kRefuse, kEnrolled));
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
        device.hardware = "rev C";
        device.enrolled_by = "token";
        device.is_blocked = true;
        device.last_seen = kEnrolled + std::chrono::seconds(3);
        device.site = "hamburg";
        device.tags = {"canary", "indoor"};
        RolloutProgress progress;
        progress.step = RolloutStep::kFailed;
        progress.since = kEnrolled;
        progress.word = "deadline";
        device.rollouts.emplace("spring", progress);
        Hold& hold = device.holds.emplace_back();
        hold.release.bytes[2] = std::byte{5};
        hold.until = kEnrolled;
        hold.failures = 3;
        device.holds.emplace_back().failures = 1;
        ASSERT_TRUE(registry.save(device));
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    ASSERT_EQ(registry.devices().size(), 1U);
    const Device& device = *registry.find("device-1");
    EXPECT_EQ(device.ledger_id, ledger_id);
    EXPECT_EQ(device.key, key_of_byte(1));
    EXPECT_EQ(device.enrolled, kEnrolled);
    EXPECT_EQ(device.report->sequence, 4U);
    EXPECT_EQ(device.report->version, "1.0 \"quoted\"");
    EXPECT_EQ(device.report->running.bytes[5], std::byte{9});
    EXPECT_EQ(device.assignment->release.bytes[0], std::byte{3});
    EXPECT_EQ(device.assignment->nonce[7], std::byte{8});
    EXPECT_EQ(device.confirmed_sequence, 4U);
    EXPECT_EQ(device.last_event, "confirmed");
    ASSERT_EQ(device.holds.size(), 2U);
    EXPECT_EQ(device.holds[0].release.bytes[2], std::byte{5});
    EXPECT_EQ(device.holds[0].until, kEnrolled);
    EXPECT_EQ(device.hardware, "rev C");
    EXPECT_EQ(device.enrolled_by, "token");
    EXPECT_TRUE(device.is_blocked);
    EXPECT_EQ(device.last_seen, kEnrolled + std::chrono::seconds(3));
    EXPECT_EQ(device.site, "hamburg");
    EXPECT_EQ(device.tags, (std::vector<std::string>{"canary", "indoor"}));
    ASSERT_TRUE(device.rollouts.contains("spring"));
    EXPECT_EQ(device.rollouts.at("spring").step, RolloutStep::kFailed);
    EXPECT_EQ(device.rollouts.at("spring").since, kEnrolled);
    EXPECT_EQ(device.rollouts.at("spring").word, "deadline");
    EXPECT_EQ(device.holds[0].failures, 3U);
    EXPECT_EQ(device.holds[1].failures, 1U);
}

TEST(DeviceRegistry, ReadsTheOneHoldOfDevicesOfBefore) {
    test::MemoryStore store;
    {
        DeviceRegistry registry = DeviceRegistry::open(store).value();
        ASSERT_TRUE(registry.enrol({"d", {}, key_of_byte(1), {}, {}}, kRefuse, kEnrolled));
    }
    std::string record(as_text(*store.get(as_bytes("dd"))));
    ASSERT_TRUE(record.starts_with("{"));
    record.insert(1, R"("hold":{"release":")" + std::string(64, 'a') + R"(","until":1800000030,"failures":7},)");
    ledger::WriteBatch batch;
    batch.put(as_bytes("dd"), as_bytes(record));
    ASSERT_TRUE(store.write_synced(batch));
    const DeviceRegistry registry = DeviceRegistry::open(store).value();
    ASSERT_EQ(registry.find("d")->holds.size(), 1U);
    EXPECT_EQ(registry.find("d")->holds[0].failures, 7U);
    EXPECT_EQ(registry.find("d")->holds[0].until, kEnrolled + std::chrono::seconds(30));
    EXPECT_EQ(registry.find("d")->holds[0].release.bytes[31], std::byte{0xaa});
}

TEST(DeviceRegistry, SaysWhoIsBlockedAsItWasSavedLast) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    const auto blocked = registry.blocked();
    ASSERT_TRUE(registry.enrol({"device-1", {}, key_of_byte(1), {}, {}}, kRefuse, kEnrolled));
    EXPECT_FALSE(blocked->contains("device-1"));
    Device& device = *registry.find("device-1");
    device.is_blocked = true;
    ASSERT_TRUE(registry.save(device));
    EXPECT_TRUE(blocked->contains("device-1"));
    EXPECT_TRUE(DeviceRegistry::open(*store)->blocked()->contains("device-1"));
    device.is_blocked = false;
    ASSERT_TRUE(registry.save(device));
    EXPECT_FALSE(blocked->contains("device-1"));
}

TEST(DeviceRegistry, ANewKeyKeepsTheHistoryAndMustBeAskedFor) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    ASSERT_TRUE(registry.enrol({"device-1", {}, key_of_byte(1), {}, {}}, kRefuse, kEnrolled));
    registry.find("device-1")->confirmed_sequence = 5;
    registry.find("device-1")->site = "kiel";
    const auto refused = registry.enrol({"device-1", {}, key_of_byte(2), {}, {}}, kRefuse, kEnrolled);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(std::errc::file_exists));
    EXPECT_EQ(registry.find("device-1")->key, key_of_byte(1));
    ASSERT_TRUE(registry.enrol({"device-1", {}, key_of_byte(1), {}, {}}, kRefuse, kEnrolled));
    EXPECT_EQ(registry.find("device-1")->confirmed_sequence, 5U);
    ASSERT_TRUE(registry.enrol({"device-1", {}, key_of_byte(2), {}, {}}, kReplace, kEnrolled));
    EXPECT_EQ(registry.find("device-1")->key, key_of_byte(2));
    EXPECT_EQ(registry.find("device-1")->site, "kiel");
    EXPECT_EQ(registry.find("device-1")->confirmed_sequence, 0U) << "the other board's";
    EXPECT_EQ(registry.find("device-2"), nullptr);
}

TEST(DeviceRegistry, RemembersWhoLetADeviceInFromTheFirstWriteOn) {
    const test::TempDir dir;
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        auto registry = DeviceRegistry::open(*store).value();
        const Enrolment first{"device-1", {}, key_of_byte(1), "token", "rev C"};
        ASSERT_TRUE(registry.enrol(first, kRefuse, kEnrolled));
        const Enrolment by_hand{"device-1", {}, key_of_byte(1), {}, {}};
        ASSERT_TRUE(registry.enrol(by_hand, kRefuse, kEnrolled));
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    auto registry = DeviceRegistry::open(*store).value();
    EXPECT_EQ(registry.find("device-1")->enrolled_by, "token") << "the same key again changes nothing";
    EXPECT_EQ(registry.find("device-1")->hardware, "rev C");
    const Enrolment other_key{"device-1", {}, key_of_byte(2), {}, {}};
    ASSERT_TRUE(registry.enrol(other_key, kReplace, kEnrolled));
    EXPECT_EQ(registry.find("device-1")->enrolled_by, "") << "the operator";
    EXPECT_EQ(registry.find("device-1")->hardware, "rev C");
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
