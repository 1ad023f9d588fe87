// ledger_rules_tests [--rule-off=H1] [--list-rules] [GoogleTest's own options]

#include <algorithm>
#include <iostream>
#include <string_view>

#include <gtest/gtest.h>

#include "ledger/core/rule_switches.hpp"

namespace {

using assay::ledger::kRuleNames;

int list_rules() {
    for (const std::string_view name : kRuleNames) std::cout << name << '\n';
    return 0;
}

bool switch_off(std::string_view name) {
    const auto found = std::ranges::find(kRuleNames, name);
    if (found == kRuleNames.end()) return false;
    const auto rule = static_cast<assay::ledger::Rule>(found - kRuleNames.begin());
    assay::ledger::switch_rule(rule, false);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--list-rules") return list_rules();
        constexpr std::string_view kOff = "--rule-off=";
        if (!argument.starts_with(kOff) || !switch_off(argument.substr(kOff.size()))) {
            std::cerr << "unknown argument or rule: " << argument << '\n';
            return 2;
        }
    }
    return RUN_ALL_TESTS();
}
