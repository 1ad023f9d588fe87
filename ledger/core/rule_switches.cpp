#include "ledger/core/rule_switches.hpp"

#if ASSAY_RULE_SWITCHES

#include <bitset>

namespace assay::ledger {
namespace {

constinit std::bitset<kRuleNames.size()> switched_off;

}  // namespace

void switch_rule(Rule rule, bool on) noexcept {
    switched_off[static_cast<std::size_t>(rule)] = !on;
}

bool is_on(Rule rule) noexcept { return !switched_off[static_cast<std::size_t>(rule)]; }

}  // namespace assay::ledger

#endif
