#include "device/state_machine.hpp"

#include <algorithm>
#include <array>

namespace assay::device {
namespace {

constexpr std::array kTransitions = {
    Transition{Phase::kIdle, Event::kVerified, Phase::kDownloading},
    Transition{Phase::kConfirmed, Event::kVerified, Phase::kDownloading},
    Transition{Phase::kRolledBack, Event::kVerified, Phase::kDownloading},
    Transition{Phase::kDownloading, Event::kWritten, Phase::kInstalled},
    Transition{Phase::kDownloading, Event::kStaged, Phase::kInstalling},
    Transition{Phase::kDownloading, Event::kAbandoned, Phase::kIdle},
    Transition{Phase::kInstalling, Event::kWritten, Phase::kInstalled},
    Transition{Phase::kInstalling, Event::kAbandoned, Phase::kIdle},
    Transition{Phase::kInstalled, Event::kRestarted, Phase::kTrying},
    Transition{Phase::kInstalled, Event::kAbandoned, Phase::kIdle},
    Transition{Phase::kTrying, Event::kHealthy, Phase::kConfirmed},
    Transition{Phase::kTrying, Event::kUnhealthy, Phase::kRolledBack},
    Transition{Phase::kIdle, Event::kUnhealthy, Phase::kRolledBack},  // by the boot loader alone
    Transition{Phase::kConfirmed, Event::kUnhealthy, Phase::kRolledBack},
};

constexpr std::array<std::string_view, 7> kNames = {
    "idle", "downloading", "installed", "trying", "confirmed", "rolled-back", "installing"};

}  // namespace

std::span<const Transition> transitions() noexcept { return kTransitions; }

std::optional<Phase> next_phase(Phase phase, Event event) noexcept {
    const auto found = std::find_if(
        kTransitions.begin(), kTransitions.end(),
        [&](const Transition& entry) { return entry.from == phase && entry.event == event; });
    if (found == kTransitions.end()) return std::nullopt;
    return found->to;
}

std::string_view to_string(Phase phase) noexcept {
    return kNames.at(static_cast<std::size_t>(phase));
}

}  // namespace assay::device
