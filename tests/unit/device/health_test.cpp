#include "device/health.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

class HealthTest : public testing::Test {
  protected:
    HealthTest() {
        release_.slot = 1;
        release_.bytes = 5;
        release_.chunk_bytes = 5;
        release_.sha256 = crypto::sha256(as_bytes("image"));
        fill("image");
    }
    void fill(std::string_view text) {
        const auto slot = ImageWriter::open(storage_, slots_.path_of(1), release_).value();
        ASSERT_TRUE(slot.write_chunk(0, as_bytes(text)));
    }
    Result<void> check(std::vector<std::string> command,
                       std::chrono::seconds deadline = std::chrono::seconds(30)) {
        HealthCheck health;
        health.command = std::move(command);
        health.deadline = deadline;
        return check_health(health, slots_, release_);
    }
    test::TempDir folder_;
    DiskStorage storage_;
    Slots slots_{Slots::files_in(folder_.path()), storage_};
    PendingRelease release_;
};

TEST_F(HealthTest, ByDefaultTheSlotMustHoldWhatWasInstalled) {
    EXPECT_TRUE(check({}));
    fill("imagf");
    EXPECT_TRUE(check({}).error().is(Refusal::kHealthCheckFailed));
}

TEST_F(HealthTest, ACommandDecides) {
    EXPECT_TRUE(check({"true"}));
    EXPECT_EQ(check({"sh", "-c", "exit 3"}).error().to_string(),
              "sh ended with status 3: health-check-failed");
    EXPECT_EQ(check({"sh", "-c", "kill -9 $$"}).error().to_string(),
              "sh ended with signal 9: health-check-failed");
    EXPECT_TRUE(check({"/nonexistent/program"}).error().is(Refusal::kHealthCheckFailed));
}

TEST_F(HealthTest, ACommandIsToldTheSlot) {
    EXPECT_TRUE(check({"sh", "-c", "test \"$(cat \"$ASSAY_SLOT\")\" = image"}));
}

TEST_F(HealthTest, ACommandThatHangsIsEnded) {
    const auto start = std::chrono::steady_clock::now();
    const auto ended = check({"sleep", "600"}, std::chrono::seconds(1));
    EXPECT_EQ(ended.error().to_string(), "sleep did not end within 1 s: health-check-failed");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace assay::device
