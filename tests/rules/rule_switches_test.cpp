#include "ledger/core/rule_switches.hpp"

#include <fstream>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace assay::ledger {
namespace {

// A rule that is written down but has no switch would escape scripts/mutate.
TEST(RuleSwitches, AreOneForEachNumberedRule) {
    std::ifstream file(std::string(ASSAY_SOURCE_ROOT) + "/docs/ledger-rules.md");
    ASSERT_TRUE(file);
    const std::regex row("^\\| ([A-Z][0-9]+) \\|.*");
    std::set<std::string> written;
    std::string line;
    for (std::smatch match; std::getline(file, line);) {
        if (!std::regex_match(line, match, row)) continue;
        EXPECT_TRUE(written.insert(match[1]).second) << match[1] << " is written down twice";
    }
    const std::set<std::string> switched(kRuleNames.begin(), kRuleNames.end());
    EXPECT_EQ(written, switched);
}

}  // namespace
}  // namespace assay::ledger
