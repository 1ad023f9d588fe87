#include "device/boot_script.hpp"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

class BootScriptTest : public testing::Test {
  protected:
    // A boot loader whose state is a file, as a shell sees it.
    void SetUp() override {
        const std::string script = R"(#!/bin/sh
state=$(dirname "$0")/state
case $1 in
  get) cat "$state" 2>/dev/null || echo active=a ;;
  set) shift; printf '%s\n' "$@" >"$state.new" && mv "$state.new" "$state" ;;
  running) echo b ;;
  *) echo "unknown verb $1"; exit 1 ;;
esac
)";
        ASSERT_TRUE(write_file_durable(folder_ / "boot", as_bytes(script), 0755));
    }
    test::TempDir folder_;
    ScriptBootStore store_{{folder_ / "boot"}, std::chrono::seconds(30)};
};

TEST_F(BootScriptTest, KeepsTheStateThroughTheScript) {
    EXPECT_EQ(store_.read().value(), BootState{});
    for (const BootState& state : {BootState{0, 1, 3}, BootState{1, std::nullopt, 0}}) {
        ASSERT_TRUE(store_.write(state));
        EXPECT_EQ(store_.read().value(), state);
    }
    EXPECT_EQ(store_.running().value(), 1U);
}

TEST_F(BootScriptTest, AFailingScriptIsNamedWithItsLastWord) {
    ASSERT_TRUE(write_file_durable(folder_ / "boot",
                                   as_bytes("#!/bin/sh\necho no boot partition\nexit 4\n"), 0755));
    const auto state = store_.read();
    ASSERT_FALSE(state);
    EXPECT_NE(state.error().context().find("status 4: no boot partition"), std::string::npos)
        << state.error().context();
    EXPECT_FALSE(store_.write(BootState{}));
    EXPECT_FALSE(store_.running());
}

TEST(BootScriptOutput, IsReadStrictly) {
    EXPECT_EQ(parse_boot_script_state("active=b\n").value(), (BootState{1, std::nullopt, 0}));
    EXPECT_EQ(parse_boot_script_state("active=a\ntrial=b\ntries=12").value(), (BootState{0, 1, 12}));
    for (const char* bad : {"", "active=\n", "active=c\n", "trial=b\ntries=1\n", "active=a\ntrial=b\n",
                            "active=a\ntrial=b\ntries=\n", "active=a\ntrial=b\ntries=256\n",
                            "active=a\ntrial=b\ntries=-1\n", "active=a\ntrial=b\ntries=1\nmore=1\n",
                            "active=a\nactive=b\n", "active=a\n\n"}) {
        EXPECT_FALSE(parse_boot_script_state(bad)) << bad;
    }
}

}  // namespace
}  // namespace assay::device
