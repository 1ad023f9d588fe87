// Debian's SWUpdate and RAUC as installers of assay-device: real bundles, really signed, on file
// slots.

#include <gtest/gtest.h>

#include "tests/integration/device/device_program.hpp"

namespace assay::device {
namespace {

using ledger::PayloadType;
using ledger::ReceiptEvent;

constexpr std::uint64_t kChunk = 64 * 1024;

class InstallerProgramsTest : public testing::Test {
  protected:
    void SetUp() override {
        for (std::size_t i = 0; i < content_.size(); ++i) {
            content_[i] = static_cast<std::byte>((i * 2654435761U) >> 13);
        }
        device_.write("image.img", content_);
        std::filesystem::create_directory(path("work"));
        std::filesystem::create_directory(path("slots"));
        device_.write("slots/a.img", as_bytes("what runs"));
        device_.write("slots/b.img", {});
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (device_.folder / name).string();
    }
    void make(const std::string& script) const {
        const std::string command = std::string(ASSAY_SOURCE_ROOT "/tests/integration/device/") +
                                    script + " " + path("work") + " " + path("image.img") + " " +
                                    path("slots/a.img") + " " + path("slots/b.img");
        ASSERT_EQ(std::system(command.c_str()), 0) << command << ": run scripts/setup";
    }
    void offer(const std::string& payload, PayloadType type) {
        const Bytes bytes = device_.read("work/" + payload);
        auto record = consortium_.release(1, bytes, kChunk);
        record.payload_type = type;
        test::Offer(consortium_, record, bytes, kChunk).to(gateway_);
    }
    void expect_installed() {
        ASSERT_EQ(device_.run("run --once"), 0) << device_.output();
        EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                                  ReceiptEvent::kConfirmed}))
            << device_.output();
        EXPECT_EQ(device_.read("slots/b.img"), content_);
        EXPECT_EQ(as_text(device_.read("slots/a.img")), "what runs");
        EXPECT_EQ(read_status(device_.folder.path())->slot, 1U);
        EXPECT_FALSE(std::filesystem::exists(path("payload"))) << "the payload is not kept";
    }
    void expect_installer_failed(const std::string& why) {
        ASSERT_EQ(device_.run("run --once"), 0) << device_.output();
        const auto last = gateway_.receipts().back();
        EXPECT_EQ(last.event, ReceiptEvent::kFailed);
        EXPECT_EQ(last.result, static_cast<std::uint16_t>(Refusal::kInstallerFailed));
        EXPECT_NE(device_.output().find(why), std::string::npos) << device_.output();
        EXPECT_EQ(read_status(device_.folder.path())->slot, 0U);
    }

    test::TestConsortium consortium_;
    test::TestGateway gateway_;
    test::DeviceProgram device_{ASSAY_BINARY_DIR "/bin", gateway_, consortium_};
    Bytes content_ = Bytes(200'000);
};

class SwupdateTest : public InstallerProgramsTest {
  protected:
    void SetUp() override {
        InstallerProgramsTest::SetUp();
        make("make_swu.sh");
        device_.config.install = protocol::InstallKind::kSwupdate;
        trust("signer.pem");
    }
    void trust(const std::string& certificate) {
        device_.config.install_command = default_command(protocol::InstallKind::kSwupdate);
        for (const std::string& more : {std::string("-k"), path("work/" + certificate),
                                        std::string("-H"), std::string("edge:1.0"),
                                        std::string("-M"), std::string("-m")}) {
            device_.config.install_command.push_back(more);
        }
    }
};

TEST_F(SwupdateTest, UnpacksAVerifiedUpdateIntoTheOtherSlot) {
    offer("update.swu", PayloadType::kSwu);
    expect_installed();
}

TEST_F(SwupdateTest, ItsOwnSignatureCheckStays) {
    trust("stranger.pem");
    offer("update.swu", PayloadType::kSwu);
    expect_installer_failed("swupdate ended with status 1");
    EXPECT_TRUE(device_.read("slots/b.img").empty());
}

TEST_F(SwupdateTest, IsNotHandedWhatIsNotForIt) {
    offer("update.swu", PayloadType::kRaw);
    ASSERT_EQ(device_.run("run --once"), 0);
    EXPECT_EQ(gateway_.receipts().back().result,
              static_cast<std::uint16_t>(Refusal::kPayloadUnsupported));
}

TEST_F(SwupdateTest, AHangingInstallerIsEndedAtItsDeadline) {
    device_.config.install_command = {"sh", "-c", "sleep 600"};
    device_.config.install_deadline_s = 1;
    offer("update.swu", PayloadType::kSwu);
    expect_installer_failed("did not end within 1 s");
}

TEST_F(InstallerProgramsTest, RaucInstallsAVerifiedBundleIntoTheOtherSlot) {
    if (std::system("losetup --find >/dev/null 2>&1 && test \"$(id -u)\" = 0") != 0) {
        GTEST_SKIP() << "RAUC mounts bundles, which needs root and a loop device";
    }
    make("make_raucb.sh");
    device_.config.install = protocol::InstallKind::kRauc;
    device_.config.install_command = {path("work/rauc-install"), "{payload}"};
    offer("update.raucb", PayloadType::kRaucb);
    expect_installed();
}

}  // namespace
}  // namespace assay::device
