#include "device/state_machine.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace assay::device {
namespace {

constexpr Phase kPhases[] = {Phase::kIdle,   Phase::kDownloading, Phase::kInstalled,
                             Phase::kTrying, Phase::kConfirmed,   Phase::kRolledBack,
                             Phase::kInstalling};
constexpr Event kEvents[] = {Event::kVerified,  Event::kStaged,  Event::kWritten,
                             Event::kAbandoned, Event::kRestarted, Event::kHealthy,
                             Event::kUnhealthy};

TEST(StateMachine, AllowsExactlyTheTransitionsOfTheTable) {
    std::map<std::pair<Phase, Event>, Phase> table;
    for (const Transition& entry : transitions()) {
        EXPECT_TRUE(table.emplace(std::pair(entry.from, entry.event), entry.to).second) << "twice";
    }
    EXPECT_EQ(table.size(), 14U);
    for (const Phase phase : kPhases) {
        for (const Event event : kEvents) {
            const auto expected = table.find({phase, event});
            const auto next = next_phase(phase, event);
            EXPECT_EQ(next, expected == table.end() ? std::nullopt
                                                    : std::optional(expected->second));
        }
    }
}

TEST(StateMachine, AnUpdateTakesFourSteps) {
    Phase phase = Phase::kIdle;
    for (const Event event :
         {Event::kVerified, Event::kWritten, Event::kRestarted, Event::kHealthy}) {
        phase = next_phase(phase, event).value();
    }
    EXPECT_EQ(phase, Phase::kConfirmed);
}

TEST(StateMachine, AnInstallerIsAStepOfItsOwn) {
    EXPECT_EQ(next_phase(Phase::kDownloading, Event::kStaged), Phase::kInstalling);
    EXPECT_EQ(next_phase(Phase::kInstalling, Event::kWritten), Phase::kInstalled);
    EXPECT_EQ(next_phase(Phase::kInstalling, Event::kAbandoned), Phase::kIdle);
}

TEST(StateMachine, ANewSlotIsNeverTrustedUntried) {
    for (const Phase phase : kPhases) {
        if (phase == Phase::kTrying) continue;
        EXPECT_FALSE(next_phase(phase, Event::kHealthy)) << to_string(phase);
    }
}

TEST(StateMachine, EveryPhaseIsReachedAndHasAName) {
    std::set<Phase> reached = {Phase::kIdle};
    for (const Transition& entry : transitions()) reached.insert(entry.to);
    std::set<std::string_view> names;
    for (const Phase phase : kPhases) {
        EXPECT_TRUE(reached.contains(phase));
        names.insert(to_string(phase));
    }
    EXPECT_EQ(names.size(), std::size(kPhases));
    EXPECT_TRUE(names.contains("rolled-back"));
}

}  // namespace
}  // namespace assay::device
