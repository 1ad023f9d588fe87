#include "device/protocol/device_status.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"

namespace assay::protocol {
namespace {

TEST(DeviceStatus, SaysWhatRunsAndWhatWasRefused) {
    DeviceStatus status;
    status.id = "device-01";
    status.slot = 1;
    status.state = "confirmed";
    status.sequence = 2;
    status.version = "1.2";
    status.checkpoint = ledger::TrustedCheckpoint{9, {}, 1'790'000'000};
    status.receipts_made = 7;
    status.receipts_kept = 3;
    status.refused = {{crypto::leaf_hash(as_bytes("old")), "sequence-below-floor", 3}};
    const auto json = boost::json::parse(to_json(status));
    EXPECT_EQ(json.at("slot").as_int64(), 1);
    EXPECT_EQ(json.at("sequence").as_int64(), 2);
    EXPECT_EQ(json.at("checkpoint").at("size").as_int64(), 9);
    EXPECT_TRUE(json.at("pending").is_null());
    EXPECT_EQ(json.at("refused").at(0).at("word").as_string(), "sequence-below-floor");
    const std::string text = to_text(status);
    EXPECT_EQ(json.at("receipts_kept").as_int64(), 3);
    EXPECT_NE(text.find("7 made, 0 waiting, 3 kept"), std::string::npos) << text;
    EXPECT_NE(text.find("version 1.2, sequence 2, slot B"), std::string::npos) << text;
    EXPECT_NE(text.find("sequence-below-floor (3)"), std::string::npos) << text;
}

TEST(DeviceStatus, ABlankDeviceRunsNothing) {
    const auto json = boost::json::parse(to_json(DeviceStatus{}));
    EXPECT_TRUE(json.at("sequence").is_null());
    EXPECT_NE(to_text(DeviceStatus{}).find("nothing yet"), std::string::npos);
}

}  // namespace
}  // namespace assay::protocol
