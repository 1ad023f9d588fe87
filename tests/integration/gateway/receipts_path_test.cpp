// What devices hear of the receipts that were acknowledged to them, and whose keys may have signed them.

#include <gtest/gtest.h>

#include "tests/integration/gateway/daemons.hpp"

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;
using protocol::KeptReceipts;
using test::Consortium;
using test::eventually;
using test::TestDevice;

class ReceiptsPath : public testing::Test {
  protected:
    void SetUp() override {
        world_.set_policy();
        leaf_ = world_.publish(Bytes(10'000, std::byte{7}), 1);
        ASSERT_TRUE(eventually([&] { return world_.stage(leaf_) == "ready"; }));
    }
    std::int64_t count(const char* what) const {
        return world_.gw.get("/v1/status").at("receipts").at(what).to_number<std::int64_t>();
    }
    bool are_all_final() const { return count("stored") == count("on_ledger"); }
    // Of the first device, as operators see it.
    boost::json::object row() const {
        auto shown = world_.gw.get("/v1/devices").at("devices").as_array().at(0).as_object();
        shown.erase("last_seen");
        return shown;
    }

    Consortium world_;
    std::string leaf_;
};

TEST_F(ReceiptsPath, ADeviceHearsWhatBecameOfItsReceipts) {
    TestDevice device(world_, "device-1");
    TestDevice other(world_, "device-2");
    const auto assignment = *device.poll().assignment;
    EXPECT_EQ(device.post(device.receipt(assignment, ReceiptEvent::kVerified, 1)).status, 200U);
    EXPECT_EQ(device.poll(0, {}, 0, device.name(2)).receipts, KeptReceipts::kSendAgain);
    EXPECT_FALSE(device.poll(0, {}, 0, other.name(2)).receipts) << "a key of another device";
    EXPECT_FALSE(device.poll().receipts) << "it did not ask";
    ASSERT_TRUE(eventually(
        [&] { return device.poll(0, {}, 0, device.name(1)).receipts == KeptReceipts::kDrop; }));
    EXPECT_TRUE(are_all_final());

    const Bytes third = device.receipt(assignment, ReceiptEvent::kConfirmed, 3);
    const auto before = count("stored");
    const auto behind = device.post(third, device.name(2));
    EXPECT_EQ(behind.status, 200U);
    EXPECT_FALSE(protocol::parse_receipt_acknowledgement(behind.text()).value());
    EXPECT_EQ(count("stored"), before);
    EXPECT_EQ(row().at("last_event").as_string(), "verified");
    EXPECT_EQ(device.post(device.receipt(assignment, ReceiptEvent::kInstalled, 2), device.name(1)).status,
              200U);
    const auto taken = device.post(third, device.name(2));
    EXPECT_TRUE(protocol::parse_receipt_acknowledgement(taken.text()).value());
    EXPECT_EQ(count("stored"), before + 2);
    EXPECT_EQ(row().at("last_event").as_string(), "confirmed");
}

TEST_F(ReceiptsPath, AReceiptByAFormerKeyIsRecordedAndChangesNothingElse) {
    TestDevice before(world_, "device-1");
    TestDevice stranger(world_, "device-2");
    const auto old = *before.poll().assignment;
    const Bytes first = before.receipt(old, ReceiptEvent::kVerified, 1);
    EXPECT_EQ(before.post(first).status, 200U);
    TestDevice device(world_, "device-1", /*replace_key=*/true);
    const auto assignment = *device.poll().assignment;
    EXPECT_EQ(device.post(device.receipt(assignment, ReceiptEvent::kInstalled, 1)).status, 200U);
    const auto known = row();
    const auto stored = count("stored");

    const auto word = static_cast<std::uint16_t>(Refusal::kHealthCheckFailed);
    const Bytes late = before.receipt(old, ReceiptEvent::kRolledBack, 2, word);
    EXPECT_EQ(device.post(first).status, 200U) << "the same again";
    EXPECT_EQ(device.post(late, before.name(1)).status, 200U);
    EXPECT_EQ(device.post(late, before.name(1)).status, 200U);
    EXPECT_EQ(device.post(before.receipt(old, ReceiptEvent::kConfirmed, 2)).status, 422U) << "its counter";
    EXPECT_EQ(count("stored"), stored + 1);
    EXPECT_EQ(row(), known);
    EXPECT_EQ(world_.gw.refusals("health-check-failed"), 0);
    ASSERT_TRUE(eventually(
        [&] { return device.poll(0, {}, 0, before.name(2)).receipts == KeptReceipts::kDrop; }));
    EXPECT_TRUE(are_all_final());

    Bytes foreign = stranger.receipt(old, ReceiptEvent::kConfirmed, 9);
    EXPECT_EQ(device.post(foreign).status, 422U);
    EXPECT_EQ(world_.gw.refusals("signature-invalid"), 1);
}

}  // namespace
}  // namespace assay::gateway
