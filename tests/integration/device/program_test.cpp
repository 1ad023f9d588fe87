// The program assay-device as a user runs it: its own process, its own restart into the new slot.

#include <gtest/gtest.h>

#include "tests/integration/device/device_program.hpp"

namespace assay::device {
namespace {

using ledger::ReceiptEvent;

class ProgramTest : public testing::Test {
  protected:
    test::TestConsortium consortium_;
    test::TestGateway gateway_;
    test::DeviceProgram device_{ASSAY_BINARY_DIR "/bin", gateway_, consortium_};
};

TEST_F(ProgramTest, InstallsRestartsItselfAndConfirms) {
    const Bytes image = to_bytes(std::string(5000, 'x') + "an image");
    test::Offer(consortium_, consortium_.release(1, image, 2048), image, 2048).to(gateway_);

    ASSERT_EQ(device_.run("run --once"), 0) << device_.output();
    EXPECT_NE(device_.output().find("restarting slot=b"), std::string::npos) << device_.output();
    EXPECT_EQ(gateway_.events(), (std::vector{ReceiptEvent::kVerified, ReceiptEvent::kInstalled,
                                              ReceiptEvent::kConfirmed}));
    EXPECT_EQ(device_.read("slots/b.img"), image);
    const auto status = read_status(device_.folder.path());
    ASSERT_TRUE(status);
    EXPECT_EQ(status->slot, 1U);
    EXPECT_EQ(status->state, "confirmed");
    EXPECT_EQ(status->sequence, 1U);
    ASSERT_EQ(device_.run("status"), 0);
    EXPECT_NE(device_.output().find("version 1.1, sequence 1, slot B"), std::string::npos) << device_.output();
}

TEST_F(ProgramTest, OneAgentAtATimeRunsInAFolder) {
    const auto lock = FileLock::acquire(device_.folder / "lock");
    ASSERT_TRUE(lock);
    EXPECT_EQ(device_.run("run --once"), 1);
    EXPECT_NE(device_.output().find("another agent runs in this folder"), std::string::npos) << device_.output();
}

TEST_F(ProgramTest, UsageErrorsEndWithTwo) {
    EXPECT_EQ(device_.run("install"), 2);
    EXPECT_EQ(device_.run("init"), 2);
    EXPECT_EQ(device_.run("run --help"), 0);
}

TEST_F(ProgramTest, AnUnknownVerbIsNamedWithThoseThereAre) {
    EXPECT_EQ(device_.run("bogus"), 2);
    const std::string said = device_.output();
    EXPECT_NE(said.find("there is no verb \"bogus\""), std::string::npos) << said;
    for (const char* const verb : {"init", "factory", "run", "install", "postpone", "status"}) {
        EXPECT_NE(said.find("\n  " + std::string(verb) + ": "), std::string::npos) << verb << "\n" << said;
    }
}

}  // namespace
}  // namespace assay::device
