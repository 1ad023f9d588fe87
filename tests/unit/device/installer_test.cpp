#include "device/installer.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

using protocol::InstallKind;

class InstallerTest : public testing::Test {
  protected:
    InstallerTest() {
        release_.version = "2.0";
        release_.sequence = 7;
        EXPECT_TRUE(write_file_durable(folder_ / "payload", as_bytes("the payload")));
    }
    Result<void> install(std::vector<std::string> command, int deadline_s = 60) {
        CommandInstaller installer(std::move(command), std::chrono::seconds(deadline_s));
        return installer.install(release_, {folder_ / "payload", 1, folder_ / "b.img"});
    }
    test::TempDir folder_;
    PendingRelease release_;
};

TEST_F(InstallerTest, AScriptIsToldWhatToInstallWhere) {
    ASSERT_TRUE(install({"sh", "-c",
                         "cat \"$ASSAY_PAYLOAD\" >\"$ASSAY_SLOT\" && echo \" $ASSAY_SLOT_NAME "
                         "$ASSAY_VERSION $ASSAY_SEQUENCE\" >>\"$ASSAY_SLOT\""}));
    EXPECT_EQ(as_text(read_file(folder_ / "b.img", 100).value()), "the payload b 2.0 7\n");
}

TEST_F(InstallerTest, ArgumentsNameThePlacesToo) {
    ASSERT_TRUE(install({"sh", "-c", "test \"$2\" = slot:b && cp \"$1\" \"$3\"", "sh", "{payload}",
                         "slot:{slot}", "{slot_path}"}));
    EXPECT_EQ(as_text(read_file(folder_ / "b.img", 100).value()), "the payload");
}

TEST_F(InstallerTest, FailuresHaveOneWordAndSayWhy) {
    const auto failed = install({"sh", "-c", "echo bad bundle; exit 1"});
    EXPECT_TRUE(failed.error().is(Refusal::kInstallerFailed));
    EXPECT_EQ(failed.error().context(), "sh ended with status 1: bad bundle");
    EXPECT_TRUE(install({"sleep", "600"}, 1).error().is(Refusal::kInstallerFailed));
    EXPECT_TRUE(install({"/nonexistent"}).error().is(Refusal::kInstallerFailed));
}

TEST_F(InstallerTest, OneThatSaysItSucceededIsBelievedWhateverItsStatus) {
    const std::vector<std::string> says = {"sh", "-c", "echo SWUPDATE successful !; exit 1"};
    CommandInstaller installer(says, std::chrono::seconds(60),
                               success_text(InstallKind::kSwupdate));
    EXPECT_TRUE(installer.install(release_, {folder_ / "payload", 1, folder_ / "b.img"}));
    EXPECT_FALSE(install(says)) << "of others the status counts";
}

TEST(Installers, TakeTheirOwnPayloadsOnly) {
    using ledger::PayloadType;
    EXPECT_EQ(payload_types(InstallKind::kRaw), std::vector{PayloadType::kRaw});
    EXPECT_EQ(payload_types(InstallKind::kSwupdate), std::vector{PayloadType::kSwu});
    EXPECT_EQ(payload_types(InstallKind::kRauc), std::vector{PayloadType::kRaucb});
    EXPECT_EQ(payload_types(InstallKind::kScript).size(), 6U);
    EXPECT_EQ(default_command(InstallKind::kSwupdate).front(), "swupdate");
    EXPECT_EQ(default_command(InstallKind::kRauc).front(), "rauc");
}

}  // namespace
}  // namespace assay::device
