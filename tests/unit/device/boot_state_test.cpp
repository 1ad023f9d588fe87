#include "device/boot_loader.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

class BootLoaderTest : public testing::Test {
  protected:
    test::TempDir folder_;
    DiskStorage storage_;
    FileBootStore store_{folder_ / "boot.cbor", storage_};
    BootLoader boot_{store_};
};

TEST_F(BootLoaderTest, ABlankDeviceStartsFromA) {
    EXPECT_EQ(boot_.boot().value(), 0U);
    EXPECT_EQ(boot_.read().value(), BootState{});
}

TEST_F(BootLoaderTest, ATrialEndsAfterItsTries) {
    ASSERT_TRUE(boot_.try_slot(1, 2));
    EXPECT_EQ(boot_.boot().value(), 1U);
    EXPECT_EQ(boot_.boot().value(), 1U);
    EXPECT_EQ(boot_.boot().value(), 0U);
    EXPECT_FALSE(boot_.read()->trial);
    EXPECT_EQ(boot_.boot().value(), 0U);
}

TEST_F(BootLoaderTest, ACommittedSlotStays) {
    ASSERT_TRUE(boot_.try_slot(1, 1));
    EXPECT_EQ(boot_.boot().value(), 1U);
    ASSERT_TRUE(boot_.commit(1));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(boot_.boot().value(), 1U);
}

TEST_F(BootLoaderTest, AnAbandonedTrialGoesBack) {
    ASSERT_TRUE(boot_.commit(1));
    ASSERT_TRUE(boot_.try_slot(0, 3));
    EXPECT_EQ(boot_.boot().value(), 0U);
    ASSERT_TRUE(boot_.abandon());
    EXPECT_EQ(boot_.boot().value(), 1U);
}

TEST_F(BootLoaderTest, RefusesADamagedFile) {
    ASSERT_TRUE(storage_.replace(folder_ / "boot.cbor", as_bytes("x")));
    EXPECT_FALSE(boot_.boot());
}

TEST(BootLoader, BelievesABootLoaderAboutWhatRunsAndCountsNothingDown) {
    const test::TempDir folder;
    DiskStorage storage;
    FileBootStore store(folder / "boot.cbor", storage);
    const BootLoader boot(store, [] { return Result<SlotIndex>(1); });
    ASSERT_TRUE(boot.try_slot(1, 3));
    EXPECT_EQ(boot.boot().value(), 1U);
    EXPECT_EQ(boot.read()->tries_left, 3U) << "that is the boot loader's to do";
}

TEST(BootLoader, FindsTheRunningSlotInTheKernelsCommandLine) {
    EXPECT_EQ(slot_of_command_line("root=/dev/sda2 assay.slot=b quiet\n").value(), 1U);
    EXPECT_EQ(slot_of_command_line("rauc.slot=A").value(), 0U);
    EXPECT_FALSE(slot_of_command_line("root=/dev/sda2 assay.slot=c"));
    EXPECT_FALSE(slot_of_command_line("noassay.slot=a"));
    EXPECT_FALSE(slot_of_command_line(""));
}

TEST(BootState, ComesBackAsItWas) {
    BootState state;
    state.active = 1;
    state.trial = 0;
    state.tries_left = 4;
    const Bytes bytes = encode_boot_state(state);
    EXPECT_EQ(decode_boot_state(bytes).value(), state);
    test::expect_only_whole_input(bytes, decode_boot_state);
}

}  // namespace
}  // namespace assay::device
