#include "host/base_daemon/log_format.hpp"

#include <cmath>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace assay::log {
namespace {

using namespace std::chrono_literals;

const Time kTime = Time{} + 1'798'761'599s + 7ms;  // 2026-12-31, one second before midnight

std::string json(const std::vector<Field>& fields) {
    return format_json(kTime, Level::kInfo, "release-found", fields);
}
std::string human(const std::vector<Field>& fields) {
    return format_human(kTime, Level::kWarning, "fetch-failed", fields);
}

TEST(FormatJson, WritesOneObjectWithTypedFields) {
    EXPECT_EQ(
        json({{"cid", "bafkqaaa"}, {"height", 7U}, {"delta", -1}, {"share", 0.5}, {"full", true}}),
        R"({"time":"2026-12-31T23:59:59.007Z","level":"info","event":"release-found",)"
        R"("cid":"bafkqaaa","height":7,"delta":-1,"share":0.5,"full":true})");
}

TEST(FormatJson, StaysJsonForNumbersThatJsonLacks) {
    for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        boost::json::error_code error;
        boost::json::parse(json({{"value", value}}), error);
        EXPECT_FALSE(error) << json({{"value", value}});
    }
}

// Every byte and every pair of bytes, well-formed UTF-8 or not, as a peer might send them.
TEST(FormatJson, StaysOneJsonLineWhateverAValueHolds) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string value{static_cast<char>(first), static_cast<char>(second)};
            const std::string line = json({{"value", value}});
            ASSERT_EQ(line.find('\n'), std::string::npos);
            boost::json::error_code error;
            const auto parsed = boost::json::parse(line, error);
            ASSERT_FALSE(error) << line;
            const auto& text = parsed.at("value").as_string();
            if (first < 0x80 && second < 0x80) {
                ASSERT_EQ(std::string(text), value);
            }
        }
    }
}

TEST(FormatJson, KeepsTextInAnyScriptAndReplacesWhatIsNoText) {
    const auto value_of = [](const std::string& value) {
        return std::string(boost::json::parse(json({{"v", value}})).at("v").as_string());
    };
    EXPECT_EQ(value_of("Prüfung 測試 🔑"), "Prüfung 測試 🔑");
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(value_of("\xff"), replacement);
    EXPECT_EQ(value_of("\xc0\xaf"), replacement + replacement) << "overlong";
    EXPECT_EQ(value_of("\xe2\x82"), replacement + replacement) << "cut";
    EXPECT_EQ(value_of("\xed\xa0\x80").size(), 9U) << "surrogate";
    EXPECT_EQ(value_of("\xf4\x90\x80\x80").size(), 12U) << "above U+10FFFF";
}

TEST(FormatHuman, QuotesOnlyWhereNeeded) {
    EXPECT_EQ(human({{"url", "http://127.0.0.1:8080/x"},
                     {"tries", 3},
                     {"reason", "timed out"},
                     {"none", ""}}),
              "23:59:59.007 warning fetch-failed url=http://127.0.0.1:8080/x tries=3 "
              "reason=\"timed out\" none=\"\"");
}

TEST(FormatHuman, LetsNoValueForgeALineOrDriveTheTerminal) {
    EXPECT_EQ(human({{"name", "x\n23:59:59.008 info    all-well"}}),
              "23:59:59.007 warning fetch-failed name=\"x\\n23:59:59.008 info    all-well\"");
    const std::string line = human({{"name",
                                     "\x1b[2J\x07\xc2\x9b"
                                     "2J"}});
    EXPECT_EQ(line, "23:59:59.007 warning fetch-failed name=\"\\u001b[2J\\u0007\\u009b2J\"");
}

TEST(Level, HasANameBothWays) {
    for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
        EXPECT_EQ(parse_level(to_string(level)), level);
    }
    EXPECT_FALSE(parse_level("verbose"));
}

}  // namespace
}  // namespace assay::log
