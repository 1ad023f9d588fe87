#include "host/base_daemon/log.hpp"

#include <sstream>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace assay::log {
namespace {

class Log : public testing::Test {
  protected:
    void TearDown() override { init({}); }

    template <typename Act>
    static std::string stderr_of(Act act) {
        testing::internal::CaptureStderr();
        act();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, WritesJsonWhenStderrIsNoTerminal) {
    const std::string text = stderr_of([] {
        init({});
        info("release-found", {{"height", 7}});
    });
    const auto line = boost::json::parse(text).as_object();
    EXPECT_EQ(line.at("event").as_string(), "release-found");
    EXPECT_EQ(line.at("height").as_int64(), 7);
}

TEST_F(Log, WritesForPeopleWhenTold) {
    const std::string text = stderr_of([] {
        init({.format = Format::kHuman});
        error("disk-full", {{"path", "/var/lib"}});
    });
    EXPECT_NE(text.find(" error   disk-full path=/var/lib\n"), std::string::npos) << text;
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
    const auto all = [] {
        debug("d");
        info("i");
        warning("w");
        error("e");
    };
    const auto lines = [&](Level level) {
        init({.level = level});
        const std::string text = stderr_of(all);
        return std::count(text.begin(), text.end(), '\n');
    };
    EXPECT_EQ(lines(Level::kDebug), 4);
    EXPECT_EQ(lines(Level::kInfo), 3);
    EXPECT_EQ(lines(Level::kWarning), 2);
    EXPECT_EQ(lines(Level::kError), 1);
}

TEST_F(Log, KeepsLinesOfSeveralThreadsApart) {
    const std::string text = stderr_of([] {
        std::vector<std::jthread> threads;
        for (int id = 0; id < 4; ++id) {
            threads.emplace_back([id] {
                for (int i = 0; i < 200; ++i) info("tick", {{"id", id}, {"i", i}});
            });
        }
    });
    std::istringstream in(text);
    int count = 0;
    for (std::string line; std::getline(in, line); ++count) {
        boost::json::error_code error;
        boost::json::parse(line, error);
        ASSERT_FALSE(error) << line;
    }
    EXPECT_EQ(count, 800);
}

}  // namespace
}  // namespace assay::log
