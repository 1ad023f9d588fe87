#include "device/protocol/enrolment.hpp"

#include <gtest/gtest.h>

#include "device/protocol/device_config.hpp"
#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::protocol {
namespace {

EnrolmentAnswer enrolled() {
    EnrolmentAnswer out;
    out.certificate = "-----BEGIN CERTIFICATE-----\n";
    out.ca = "ca\n";
    out.anchor = ledger::encode_anchor(test::TestConsortium().anchor());
    out.ledger_id = ledger::ledger_device_id(as_bytes("salt"), "device-01");
    out.gateway = "https://gateway.example:7443";
    return out;
}

DeviceConfig config() {
    DeviceConfig out;
    out.id = "device-01";
    out.vendor = "acme.example";
    out.device_class = "edge-x64";
    out.component = "firmware";
    return out;
}

TEST(Enrolment, MessagesComeBackAsTheyWere) {
    EnrolmentRequest request;
    request.id = "device-01";
    request.csr = "-----BEGIN CERTIFICATE REQUEST-----\n";
    request.vendor = "acme.example";
    EXPECT_EQ(parse_enrolment_request(to_json(request)).value(), request);
    request.replace_key = true;
    EXPECT_EQ(parse_enrolment_request(to_json(request)).value(), request);
    EXPECT_EQ(parse_enrolment_answer(to_json(enrolled())).value(), enrolled());
    EXPECT_FALSE(parse_enrolment_request("{}"));
    EXPECT_FALSE(parse_enrolment_answer("{}"));
}

TEST(Enrolment, CompletesTheDevicesFolder) {
    const test::TempDir folder;
    ASSERT_TRUE(write_file_durable(folder / "device.json", as_bytes(to_json(config()))));
    ASSERT_TRUE(store_enrolment(folder.path(), enrolled()));
    EXPECT_EQ(as_text(read_file(folder / "site-ca.crt", 100).value()), "ca\n");
    EXPECT_EQ(read_file(folder / "anchor.cbor", 100'000).value(), enrolled().anchor);
    const auto text = read_file(folder / "device.json", 10'000).value();
    const auto completed = parse_device_config(as_text(text)).value();
    EXPECT_EQ(completed.ledger_id, enrolled().ledger_id);
    EXPECT_EQ(completed.gateway, enrolled().gateway);
}

TEST(Enrolment, KeepsTheGatewayThatWasConfigured) {
    const test::TempDir folder;
    DeviceConfig mine = config();
    mine.gateway = "https://mine.example";
    ASSERT_TRUE(write_file_durable(folder / "device.json", as_bytes(to_json(mine))));
    ASSERT_TRUE(store_enrolment(folder.path(), enrolled()));
    const auto text = read_file(folder / "device.json", 10'000).value();
    EXPECT_EQ(parse_device_config(as_text(text))->gateway, "https://mine.example");
}

TEST(Enrolment, WritesNothingForABadAnchorOrAFolderWithoutADevice) {
    const test::TempDir folder;
    EXPECT_FALSE(store_enrolment(folder.path(), enrolled()));
    ASSERT_TRUE(write_file_durable(folder / "device.json", as_bytes(to_json(config()))));
    EnrolmentAnswer bad = enrolled();
    bad.anchor.pop_back();
    EXPECT_FALSE(store_enrolment(folder.path(), bad));
    EXPECT_FALSE(std::filesystem::exists(folder / "device.crt"));
}

TEST(Enrolment, FactoryRequestsComeBackAsTheyWere) {
    FactoryRequest request;
    request.id = "blank-01";
    request.csr = "-----BEGIN CERTIFICATE REQUEST-----\n";
    request.vendor = "acme.example";
    request.device_class = "edge-x64";
    request.component = "firmware";
    request.hardware = "rev \"C\"";
    request.token = "0123456789abcdef0123456789abcdef";
    EXPECT_EQ(parse_factory_request(to_json(request)).value(), request);
    request.token += "0";
    EXPECT_FALSE(parse_factory_request(to_json(request)));
    EXPECT_FALSE(parse_factory_request("{}"));
}

TEST(Enrolment, ARequestDrawsNothingOnTheOperatorsTerminal) {
    FactoryRequest request;
    request.component = "firmware";
    for (std::string* const field : {&request.vendor, &request.device_class, &request.hardware}) {
        *field = "rev\x1b[2A";
        const auto parsed = parse_factory_request(to_json(request));
        ASSERT_FALSE(parsed);
        EXPECT_NE(parsed.error().context().find("control characters"), std::string::npos);
        *field = "rev C";
    }
    EXPECT_TRUE(parse_factory_request(to_json(request)));
}

TEST(Enrolment, ATokenIsASecretAndAPin) {
    FactoryToken token;
    token.secret = "0123456789abcdef0123456789abcdef";
    token.pin.bytes[31] = std::byte{0xab};
    const std::string text = to_string(token);
    EXPECT_EQ(text.size(), 97U);
    EXPECT_EQ(parse_factory_token(text).value(), token);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        EXPECT_FALSE(parse_factory_token(text.substr(0, cut))) << cut;
    }
    EXPECT_FALSE(parse_factory_token(text + "0"));
    EXPECT_FALSE(parse_factory_token(std::string(32, 'x') + text.substr(32)));
}

}  // namespace
}  // namespace assay::protocol
