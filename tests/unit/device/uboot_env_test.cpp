// U-Boot's redundant environment, checked with Debian's fw_setenv and fw_printenv (libubootenv-tool).

#include "device/uboot_env.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kEnvBytes = 4096;
constexpr std::uint64_t kSecondOffset = 8192;

class UBootEnvTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(std::system("command -v fw_printenv >/dev/null"), 0)
            << "libubootenv-tool is missing: run scripts/setup";
        ASSERT_TRUE(storage_.replace(env_, Bytes(kSecondOffset + kEnvBytes)));
        std::ofstream config(folder_ / "fw_env.config");
        for (const std::uint64_t offset : {std::uint64_t{0}, kSecondOffset}) {
            config << env_.string() << " 0x" << std::hex << offset << " 0x" << kEnvBytes << "\n";
        }
        // What the board came with.
        UBootEnv env;
        env.variables = {"bootcmd=run boot_assay", "ethaddr=02:00:00:00:00:01"};
        put_copy(0, encode_uboot_env(env, kEnvBytes).value());
    }
    void put_copy(std::uint64_t offset, ByteView bytes) {
        const auto volume = storage_.open(env_).value();
        ASSERT_TRUE(volume->write_at(offset, bytes));
    }
    [[nodiscard]] std::string tool(const std::string& command) const {
        const std::string line = command + " -c " + (folder_ / "fw_env.config").string() + " 2>&1";
        std::FILE* pipe = ::popen(line.c_str(), "r");
        std::string out;
        char buffer[256];
        while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) out += buffer;
        EXPECT_EQ(::pclose(pipe), 0) << line << "\n" << out;
        return out;
    }
    [[nodiscard]] std::string printed(const std::string& name) const {
        return tool("fw_printenv -n " + name);
    }
    void set(const std::string& name, const std::string& value) const {
        EXPECT_EQ(tool("fw_setenv " + name + " " + value), "");
    }

    test::TempDir folder_;
    DiskStorage storage_;
    const std::filesystem::path env_ = folder_ / "uboot.env";
    UBootEnvOptions options_{{{{env_, 0}, {env_, kSecondOffset}}}, kEnvBytes};
    UBootEnvStore store_{options_, storage_};
};

TEST_F(UBootEnvTest, AFreshEnvironmentStartsFromA) {
    EXPECT_EQ(store_.read().value(), BootState{});
}

TEST_F(UBootEnvTest, RealToolsReadWhatWasWrittenAndWhatElseWasThere) {
    const BootState state{0, 1, 3};
    ASSERT_TRUE(store_.write(state));
    EXPECT_EQ(printed("assay_active"), "a\n");
    EXPECT_EQ(printed("assay_trial"), "b\n");
    EXPECT_EQ(printed("assay_tries"), "3\n");
    EXPECT_EQ(printed("ethaddr"), "02:00:00:00:00:01\n");
    EXPECT_EQ(store_.read().value(), state);
}

TEST_F(UBootEnvTest, ReadsWhatRealToolsWrote) {
    ASSERT_TRUE(store_.write({0, 1, 3}));
    set("assay_tries", "2");  // as U-Boot does when it starts the slot
    EXPECT_EQ(store_.read().value(), (BootState{0, 1, 2}));
    ASSERT_TRUE(store_.write({1, std::nullopt, 0}));
    EXPECT_EQ(printed("assay_active"), "b\n");
    EXPECT_EQ(tool("fw_printenv").find("assay_trial"), std::string::npos);
    EXPECT_EQ(store_.read().value(), (BootState{1, std::nullopt, 0}));
}

// Past 255 the flags start again from 0; both sides must agree on the newer copy all the way.
TEST_F(UBootEnvTest, TakesTurnsWithTheRealToolsPastTheWrapOfTheFlags) {
    for (int i = 0; i < 140; ++i) {
        const auto tries = static_cast<std::uint64_t>(i % 9 + 1);
        ASSERT_TRUE(store_.write({0, 1, tries}));
        if (i % 4 == 0 || (i > 120 && i < 135)) {
            ASSERT_EQ(printed("assay_tries"), std::to_string(tries) + "\n") << i;
        }
        set("counter", std::to_string(i));
        ASSERT_EQ(store_.read().value(), (BootState{0, 1, tries})) << i;
    }
}

TEST_F(UBootEnvTest, ATornCopyLeavesTheOtherInCharge) {
    ASSERT_TRUE(store_.write({0, 1, 3}));  // into the second copy
    Bytes torn(100, std::byte{0xff});
    put_copy(kSecondOffset + 1000, torn);
    EXPECT_EQ(store_.read().value(), BootState{});
    EXPECT_EQ(tool("fw_printenv").find("assay_trial"), std::string::npos);
    ASSERT_TRUE(store_.write({0, 1, 3}));
    EXPECT_EQ(printed("assay_trial"), "b\n");
    put_copy(0, torn);
    EXPECT_EQ(store_.read().value(), (BootState{0, 1, 3}));
}

TEST_F(UBootEnvTest, InventsNoEnvironmentWhereThereIsNone) {
    put_copy(0, Bytes(kEnvBytes));
    EXPECT_TRUE(store_.read().error().is(Refusal::kMalformed));
    EXPECT_FALSE(store_.write({0, 1, 3}));
}

TEST_F(UBootEnvTest, RefusesWhatItsBootScriptWouldMisunderstand) {
    set("assay_active", "c");
    EXPECT_TRUE(store_.read().error().is(Refusal::kMalformed));
    set("assay_active", "a");
    set("assay_trial", "b");
    EXPECT_TRUE(store_.read().error().is(Refusal::kMalformed)) << "no number of tries";
    set("assay_tries", "10");
    EXPECT_TRUE(store_.read().error().is(Refusal::kMalformed));
    set("assay_tries", "9");
    EXPECT_TRUE(store_.read());
}

TEST(UBootEnv, EveryFlippedBitIsNoticedOrHarmless) {
    UBootEnv env;
    env.variables = {"a=1", "assay_active=b"};
    const Bytes whole = encode_uboot_env(env, 64).value();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        Bytes flipped = whole;
        flipped[bit / 8] ^= std::byte{1} << (bit % 8);
        const bool in_flags = bit / 8 == 4;  // not under the checksum
        EXPECT_EQ(decode_uboot_env(flipped).has_value(), in_flags) << bit;
    }
    EXPECT_FALSE(decode_uboot_env(ByteView(whole).first(5)));
    env.variables.push_back(std::string(64, 'x'));
    EXPECT_TRUE(encode_uboot_env(env, 64).error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::device
