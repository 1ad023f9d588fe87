// The numbered rules of docs/ledger-rules.md by name, so that a test can switch one off and show
// that another test notices, and so that the simulator can run a plainer chain for comparison.
//
// In every program that ships all rules are on, at compile time, and this header is all there is.
// The libraries called *_switchable are the same sources compiled with ASSAY_RULE_SWITCHES=1, where
// a rule can be switched; only the simulator and the rules test link them (a test checks that).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::ledger {

// One line for each table of docs/ledger-rules.md.
// clang-format off
enum class Rule : std::uint8_t {
    kH1, kH2, kH3, kH4, kH5, kH6, kH7, kH8, kH9,
    kB1, kB2, kB3, kB4, kB5, kB6, kB7, kB8, kB9, kB10, kB11, kB12, kB13, kB14, kB15, kB16,
    kT1, kT2, kT3, kT4, kT5, kT6,
    kF1, kF2, kF3, kF4, kF5, kF6, kF7, kF8,
    kV1, kV2, kV3, kV4,
    kE1, kE2, kE3, kE4, kE5, kE6,
    kR1, kR2, kR3, kR4, kR5, kR6, kR7, kR8, kR9, kR10, kR11, kR12, kR13, kR14, kR15, kR16, kR17,
    kM1, kM2, kM3, kM4, kM5, kM6, kM7, kM8, kM9, kM10, kM11, kM12, kM13, kM14, kM15,
    kG1, kG2, kG3, kG4,
};
inline constexpr auto kRuleNames = std::to_array<std::string_view>({
    "H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9",
    "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15", "B16",
    "T1", "T2", "T3", "T4", "T5", "T6",
    "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8",
    "V1", "V2", "V3", "V4",
    "E1", "E2", "E3", "E4", "E5", "E6",
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15", "R16", "R17",
    "M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "M10", "M11", "M12", "M13", "M14", "M15",
    "G1", "G2", "G3", "G4",
});
// clang-format on
static_assert(kRuleNames.size() == static_cast<std::size_t>(Rule::kG4) + 1);

#if ASSAY_RULE_SWITCHES
// For the whole process, before threads that check rules start.
void switch_rule(Rule rule, bool on) noexcept;
[[nodiscard]] bool is_on(Rule rule) noexcept;
#else
[[nodiscard]] constexpr bool is_on(Rule) noexcept { return true; }
#endif

}  // namespace assay::ledger
