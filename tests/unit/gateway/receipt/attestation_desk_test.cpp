#include "gateway/receipt/attestation_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/members.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;

constexpr std::uint64_t kImageBytes = 1000;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const noexcept override { return Timestamp{std::chrono::seconds(1'800'000'000)}; }
};

class Attestations : public testing::Test {
  protected:
    // A gateway from its start to its end, whatever is left in memory then is lost.
    struct Gateway {
        explicit Gateway(Attestations& test)
            : store{test.io_.get_executor(), ledger::open_leveldb(test.dir_.path()).value()},
              devices{DeviceRegistry::open(store).value()},
              receipts{ReceiptStore::open(store).value()},
              desk{{test.io_.get_executor(), store, receipts, devices,
                    [&test]() -> const crypto::PrivateKey& { return test.key_; }, test.clock_}} {}

        Device& assign(std::string_view release, const std::string& id = "4711") {
            if (devices.find(id) == nullptr) {
                ledger::LedgerDeviceId name{};
                name[0] = static_cast<std::byte>(id.back());
                EXPECT_TRUE(devices.enrol({id, name, test::new_key().public_key(), {}, {}},
                                   DeviceRegistry::KeyChange::kRefuse, {}));
            }
            Device& device = *devices.find(id);
            device.assignment = Assignment{crypto::leaf_hash(as_bytes(release)), {}};
            EXPECT_TRUE(devices.save(device));
            return device;
        }
        void send(const Device& device, std::uint64_t begin, std::uint64_t end) {
            SentPart part;
            part.begin = begin;
            part.end = end;
            part.image_bytes = kImageBytes;
            desk.sent(device, part);
        }
        // All that is noted, to disk.
        void record() {
            for (;;) {
                const auto some = desk.record_some();
                ASSERT_TRUE(some) << some.error().to_string();
                if (!*some) break;
            }
            EXPECT_TRUE(store.write_synced({}));
        }
        [[nodiscard]] std::vector<ledger::ReceiptBody> recorded() const {
            std::vector<ledger::ReceiptBody> out;
            const auto all = receipts.read(1, receipts.stored()).value();
            for (const StoredReceipt& stored : all) {
                out.push_back(ledger::decode_receipt(stored.bytes).value().body);
            }
            return out;
        }

        GroupCommit store;
        DeviceRegistry devices;
        ReceiptStore receipts;
        AttestationDesk desk;
    };

    boost::asio::io_context io_;
    test::TempDir dir_{test::memory_folder()};
    crypto::PrivateKey key_ = test::new_key(crypto::Algorithm::kEcdsaP256);
    FixedClock clock_;
};

TEST_F(Attestations, AreSignedByTheGatewayAndCountedForEachDevice) {
    Gateway gateway(*this);
    const Device& device = gateway.assign("one");
    gateway.desk.offered(device);
    gateway.send(device, 0, kImageBytes);
    gateway.desk.offered(gateway.assign("one", "4712"));
    EXPECT_EQ(gateway.receipts.stored(), 0U) << "nothing is signed or written for whoever asks";
    gateway.record();
    const auto recorded = gateway.recorded();
    ASSERT_EQ(recorded.size(), 3U);
    EXPECT_EQ(recorded[0].event, ReceiptEvent::kOffered);
    EXPECT_EQ(recorded[0].counter, 1U);
    EXPECT_EQ(recorded[0].time, 1'800'000'000U);
    EXPECT_EQ(recorded[1].event, ReceiptEvent::kDownloaded);
    EXPECT_EQ(recorded[1].counter, 2U);
    EXPECT_FALSE(recorded[1].detail);
    EXPECT_EQ(recorded[2].counter, 1U) << "another device";
    const auto all = gateway.receipts.read(1, 3).value();
    for (const StoredReceipt& stored : all) {
        const auto receipt = ledger::decode_receipt(stored.bytes).value();
        EXPECT_TRUE(receipt.body.attested_by_gateway);
        EXPECT_TRUE(ledger::verify(receipt, key_.public_key()));
    }
    EXPECT_EQ(gateway.receipts.attested_of(device.ledger_id), (std::vector<ReceiptNumber>{1, 2}));
}

TEST_F(Attestations, AreMadeOnceAlsoAcrossRestarts) {
    for (int run = 0; run < 3; ++run) {
        Gateway gateway(*this);
        const Device& device = gateway.assign("one");
        EXPECT_EQ(gateway.desk.catch_up({}), "");
        for (int again = 0; again < 2; ++again) {
            gateway.desk.offered(device);
            gateway.send(device, 0, kImageBytes);
        }
        gateway.record();
        EXPECT_EQ(gateway.receipts.stored(), 2U);
        EXPECT_EQ(gateway.receipts.attested_count(), 2U);
    }
}

TEST_F(Attestations, AnOfferThatACrashLostIsFoundAtTheNextStart) {
    {
        Gateway gateway(*this);
        gateway.desk.offered(gateway.assign("one"));  // the assignment is on disk, the note is not
    }
    Gateway gateway(*this);
    EXPECT_EQ(gateway.desk.catch_up({}), "");
    gateway.record();
    const auto recorded = gateway.recorded();
    ASSERT_EQ(recorded.size(), 1U);
    EXPECT_FALSE(recorded[0].time) << "nobody knows when";
    EXPECT_TRUE(recorded[0].detail);
}

TEST_F(Attestations, CatchingUpGoesThroughAllDevicesInParts) {
    constexpr int kMany = 300;
    {
        Gateway gateway(*this);
        const GroupCommit::Deferral together(gateway.store);
        for (int i = 0; i < kMany; ++i) {
            const std::string id = "device-" + std::to_string(i);
            ledger::LedgerDeviceId name{};
            name[0] = static_cast<std::byte>(i >> 8);
            name[1] = static_cast<std::byte>(i & 0xff);
            ASSERT_TRUE(gateway.devices.enrol({id, name, key_.public_key(), {}, {}},
                                   DeviceRegistry::KeyChange::kRefuse, {}));
            Device& device = *gateway.devices.find(id);
            device.assignment = Assignment{crypto::leaf_hash(as_bytes("one")), {}};
            ASSERT_TRUE(gateway.devices.save(device));
        }
        boost::asio::co_spawn(io_, gateway.store.settled(), boost::asio::detached);
        io_.restart();
        io_.run();  // until what they share is on disk
    }
    Gateway gateway(*this);
    const std::string after = gateway.desk.catch_up({});
    EXPECT_NE(after, "");
    EXPECT_EQ(gateway.desk.catch_up(after), "");
    gateway.record();
    EXPECT_EQ(gateway.receipts.attested_count(), static_cast<std::uint64_t>(kMany));
}

TEST_F(Attestations, ADownloadIsWholeWhenEveryByteWasSent) {
    Gateway gateway(*this);
    const Device& device = gateway.assign("one");
    gateway.send(device, 0, 400);
    gateway.send(device, 300, 700);  // again, after a broken connection
    gateway.record();
    EXPECT_EQ(gateway.receipts.stored(), 0U);
    gateway.send(device, 700, kImageBytes);
    gateway.record();
    ASSERT_EQ(gateway.receipts.stored(), 1U);
    EXPECT_FALSE(gateway.recorded()[0].detail);
}

TEST_F(Attestations, WhatWasSentBeforeARestartIsSaidToBeUnknown) {
    Gateway gateway(*this);
    const Device& device = gateway.assign("one");
    gateway.send(device, 600, kImageBytes);
    gateway.record();
    ASSERT_EQ(gateway.receipts.stored(), 1U);
    EXPECT_EQ(gateway.recorded()[0].detail, "from byte 600 on, to the end");
}

TEST_F(Attestations, PartsOfAnotherReleaseDoNotCount) {
    Gateway gateway(*this);
    gateway.send(gateway.assign("one"), 0, 600);
    gateway.send(gateway.assign("two"), 600, 700);
    gateway.send(gateway.assign("two"), 0, 100);
    gateway.record();
    EXPECT_EQ(gateway.receipts.stored(), 0U);
}

}  // namespace
}  // namespace assay::gateway
