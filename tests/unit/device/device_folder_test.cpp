#include "device/device_folder.hpp"

#include <gtest/gtest.h>

#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::device {
namespace {

protocol::DeviceConfig config() {
    protocol::DeviceConfig out;
    out.id = "device-01";
    out.gateway = "https://127.0.0.1:4711";
    out.vendor = "acme.example";
    out.device_class = "edge-x64";
    out.component = "firmware";
    return out;
}

class DeviceFolderTest : public testing::Test {
  protected:
    // What the gateway's operator does with the request.
    void enrol(const ledger::Anchor& anchor) {
        const auto ca_key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
        const Bytes ca = crypto::make_ca(ca_key, "site").value();
        const Bytes csr = read_file(folder_ / "device.csr", 10'000).value();
        crypto::CertificateOptions options;
        options.common_name = "device-01";
        options.use = crypto::CertificateUse::kClient;
        protocol::EnrolmentAnswer answer;
        answer.certificate = as_text(crypto::issue(ca, ca_key, csr, options).value());
        answer.ca = as_text(ca);
        answer.anchor = ledger::encode_anchor(anchor);
        answer.ledger_id = ledger::ledger_device_id(as_bytes("salt"), "device-01");
        ASSERT_TRUE(protocol::store_enrolment(folder_.path(), answer));
    }
    test::TempDir folder_;
    DiskStorage storage_;
    test::TestConsortium consortium_;
};

TEST_F(DeviceFolderTest, TheKeyIsPrivateAndStaysTheSame) {
    ASSERT_TRUE(init_device(folder_.path(), config()));
    const auto mode = std::filesystem::status(folder_ / "device.key").permissions();
    EXPECT_EQ(mode, std::filesystem::perms(0600));
    EXPECT_TRUE(init_device(folder_.path(), config()).error().is(std::errc::file_exists));
}

TEST_F(DeviceFolderTest, NamesTheNextStep) {
    EXPECT_EQ(open_device(folder_.path(), storage_).error().context().substr(0, 29),
              "run assay-device init first: ");
    ASSERT_TRUE(init_device(folder_.path(), config()));
    EXPECT_EQ(open_device(folder_.path(), storage_).error().context(),
              "device.json has no ledger_id: enrol first");
}

TEST_F(DeviceFolderTest, AnEnrolledDeviceOpens) {
    ASSERT_TRUE(init_device(folder_.path(), config()));
    enrol(consortium_.anchor());
    const auto device = open_device(folder_.path(), storage_);
    ASSERT_TRUE(device) << device.error().to_string();
    EXPECT_EQ(device->options.identity.anchor, consortium_.anchor());
    EXPECT_EQ(device->options.identity.device_class, consortium_.device_class);
    EXPECT_EQ(device->options.slots, Slots::files_in(folder_ / "slots"));
    EXPECT_FALSE(device->running);
    EXPECT_FALSE(device->installer);
    EXPECT_EQ(device->options.ledger_id, ledger::ledger_device_id(as_bytes("salt"), "device-01"));
}

TEST_F(DeviceFolderTest, RefusesAnotherVendorsAnchorAndPlainHttp) {
    auto settings = config();
    settings.gateway = "http://127.0.0.1:4711";
    ASSERT_TRUE(init_device(folder_.path(), settings));
    enrol(consortium_.anchor());
    EXPECT_EQ(open_device(folder_.path(), storage_).error().context(),
              "gateway in device.json: must be an https URL");

    settings = config();
    settings.vendor = "other.example";
    settings.ledger_id = ledger::LedgerDeviceId{};
    ASSERT_TRUE(write_file_durable(folder_ / "device.json", as_bytes(protocol::to_json(settings))));
    EXPECT_TRUE(open_device(folder_.path(), storage_).error().is(Refusal::kVendorMismatch));
}

TEST_F(DeviceFolderTest, InitRefusesWhatRunCouldNotUse) {
    auto settings = config();
    settings.id = "no spaces";
    EXPECT_FALSE(init_device(folder_.path(), settings));
    settings = config();
    settings.component = "Firmware!";
    EXPECT_FALSE(init_device(folder_.path(), settings));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "device.key"));
}

TEST_F(DeviceFolderTest, StatusShowsABlankDevice) {
    ASSERT_TRUE(init_device(folder_.path(), config()));
    const auto status = read_status(folder_.path());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->id, "device-01");
    EXPECT_EQ(status->state, "idle");
    EXPECT_FALSE(status->sequence);
}

}  // namespace
}  // namespace assay::device
