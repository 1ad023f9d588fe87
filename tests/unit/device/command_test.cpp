#include "device/command.hpp"

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include <poll.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets that C++ may include it
}

#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

Result<std::string> shell(const std::string& script, int deadline_s = 60) {
    Command command;
    command.arguments = {"sh", "-c", script};
    command.environment = {"ASSAY_TEST=from the agent"};
    command.deadline = std::chrono::seconds(deadline_s);
    return run_command(command);
}

TEST(Command, SaysWhatTheProgramSaid) {
    EXPECT_EQ(shell("echo out; echo err >&2").value(), "out\nerr\n");
    EXPECT_EQ(shell("echo $ASSAY_TEST").value(), "from the agent\n");
    EXPECT_EQ(shell("cat").value(), "") << "there is nothing to be read from";
}

TEST(Command, AFailureCarriesTheLastLine) {
    EXPECT_EQ(shell("echo first; echo no space left; exit 3").error().context(),
              "sh ended with status 3: no space left");
    EXPECT_EQ(shell("kill -9 $$").error().context(), "sh ended with signal 9");
    Command nothing;
    nothing.arguments = {"/nonexistent/program"};
    EXPECT_EQ(run_command(nothing).error().context(), "/nonexistent/program did not start");
}

TEST(Command, OnlyTheEndOfALongOutputIsKept) {
    const auto output = shell("yes 0123456789 | head -c 10000000; echo the end");
    ASSERT_TRUE(output);
    EXPECT_EQ(output->size(), kCommandOutputMax);
    EXPECT_TRUE(output->ends_with("the end\n"));
}

TEST(Command, WhatHangsIsEndedWithAllItStarted) {
    const test::TempDir folder;
    const auto pid_file = folder / "pid";
    const auto ended = shell("sleep 600 & echo $! >" + pid_file.string() + "; wait", 1);
    EXPECT_EQ(ended.error().context(), "sh did not end within 1 s");
    pid_t child = 0;
    std::ifstream(pid_file) >> child;
    ASSERT_GT(child, 0);
    // The signal is sent; a process that had no processor yet may still be on its way out.
    const FileHandle handle(::pidfd_open(child, 0));
    pollfd end{handle.fd(), POLLIN, 0};
    EXPECT_TRUE(!handle || ::poll(&end, 1, 60'000) == 1) << "it still runs";
}

TEST(Command, OutputWithoutEndHasADeadlineToo) {
    const auto ended = shell("yes", 1);
    ASSERT_FALSE(ended);
    EXPECT_TRUE(ended.error().context().starts_with("sh did not end within 1 s"));
}

TEST(Command, WhatGoesOnInTheBackgroundIsNotWaitedFor) {
    const auto output = shell("sleep 600 & echo $!");
    ASSERT_TRUE(output);
    ::kill(std::stoi(*output), SIGKILL);
}

}  // namespace
}  // namespace assay::device
