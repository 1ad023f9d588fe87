#include "device/retry.hpp"

#include <gtest/gtest.h>

namespace assay::device {
namespace {

TEST(Retry, PausesDoubleUpToTheMaximum) {
    const auto pause = [](std::uint64_t failures) {
        return backoff(failures, Milliseconds(1000), Milliseconds(60'000)).count();
    };
    EXPECT_EQ(pause(0), 1000);
    EXPECT_EQ(pause(1), 1000);
    EXPECT_EQ(pause(2), 2000);
    EXPECT_EQ(pause(6), 32'000);
    EXPECT_EQ(pause(7), 60'000);
    EXPECT_EQ(pause(UINT64_MAX), 60'000);
}

TEST(Retry, JitterAddsAtMostATenth) {
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const auto pause = with_jitter(Milliseconds(1000));
        EXPECT_GE(pause.count(), 1000);
        EXPECT_LE(pause.count(), 1100);
        differs = differs || pause.count() != 1000;
    }
    EXPECT_TRUE(differs);
    EXPECT_EQ(with_jitter(Milliseconds(0)).count(), 0);
}

}  // namespace
}  // namespace assay::device
