#include "device/boot_state.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

class BootLoaderTest : public testing::Test {
  protected:
    test::TempDir folder_;
    DurableWrites writes_;
    BootLoader boot_{folder_ / "boot.cbor", writes_};
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
    ASSERT_TRUE(writes_.replace(folder_ / "boot.cbor", as_bytes("x")));
    EXPECT_FALSE(boot_.boot());
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
