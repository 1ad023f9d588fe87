// The program assay-device as a user runs it: its own process, its own restart into the new slot.

#include <cstdlib>

#include <gtest/gtest.h>

#include "device/device_folder.hpp"
#include "host/crypto/key_file.hpp"
#include "tests/integration/device/test_gateway.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

using ledger::ReceiptEvent;

class ProgramTest : public testing::Test {
  protected:
    ProgramTest() {
        protocol::DeviceConfig config;
        config.id = "device-01";
        config.gateway = gateway_.url();
        config.vendor = "acme.example";
        config.device_class = "edge-x64";
        config.component = "firmware";
        config.ledger_id = ledger::ledger_device_id(as_bytes("salt"), "device-01");
        write("device.json", as_bytes(protocol::to_json(config)));
        write("device.crt", gateway_.device_certificate());
        write("site-ca.crt", gateway_.ca());
        write("anchor.cbor", ledger::encode_anchor(consortium_.anchor()));
        EXPECT_TRUE(crypto::save_key(folder_ / "device.key", gateway_.device_key));
    }
    void write(const char* name, ByteView content) {
        EXPECT_TRUE(write_file_durable(folder_ / name, content));
    }
    [[nodiscard]] int run(const std::string& arguments) const {
        const std::string command = std::string(ASSAY_BINARY_DIR "/bin/assay-device ") + arguments +
                                    " --dir " + folder_.path().string() + " >" +
                                    (folder_ / "out").string() + " 2>&1";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    [[nodiscard]] std::string output() const {
        return std::string(as_text(read_file(folder_ / "out", 1 << 20).value()));
    }

    test::TempDir folder_;
    test::TestConsortium consortium_;
    test::TestGateway gateway_;
};

TEST_F(ProgramTest, InstallsRestartsItselfAndConfirms) {
    const Bytes image = to_bytes(std::string(5000, 'x') + "an image");
    const auto now = static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count());
    const test::ProvedRelease proved(consortium_, consortium_.release(1, image, 2048), now);
    test::OfferedRelease release;
    release.proof = proved.bundle();
    release.image = image;
    release.chunks = test::TestConsortium::chunks(image, 2048);
    release.sequence = 1;
    gateway_.offer(proved.leaf(), std::move(release));

    ASSERT_EQ(run("run --once"), 0) << output();
    EXPECT_NE(output().find("restarting slot=b"), std::string::npos) << output();
    EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                              ReceiptEvent::kConfirmed}));
    EXPECT_EQ(read_file(folder_ / "slots/b.img", 1 << 20).value(), image);
    const auto status = read_status(folder_.path());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->slot, 1U);
    EXPECT_EQ(status->state, "confirmed");
    EXPECT_EQ(status->sequence, 1U);
    ASSERT_EQ(run("status"), 0);
    EXPECT_NE(output().find("version 1.1, sequence 1, slot B"), std::string::npos) << output();
}

TEST_F(ProgramTest, OneAgentAtATimeRunsInAFolder) {
    const auto lock = FileLock::acquire(folder_ / "lock");
    ASSERT_TRUE(lock);
    EXPECT_EQ(run("run --once"), 1);
    EXPECT_NE(output().find("another agent runs in this folder"), std::string::npos) << output();
}

TEST_F(ProgramTest, UsageErrorsEndWithTwo) {
    EXPECT_EQ(run("install"), 2);
    EXPECT_EQ(run("init"), 2);
    EXPECT_EQ(run("run --help"), 0);
}

}  // namespace
}  // namespace assay::device
