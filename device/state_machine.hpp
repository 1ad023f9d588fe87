// The course of an update as a table: what may follow what. Everything else in this folder acts on
// it, and journals each step before the next begins.
//
//     idle -> downloading -> installed -> trying -> confirmed
//                  |   |      ^      |       `----> rolled-back
//                  |   v      |      |
//                  |  installing     |    (where the image goes through an installer)
//                  |      |          |
//                  `------+-> idle <-'    (refused, failed, superseded)

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace assay::device {

enum class Phase : std::uint8_t {
    kIdle,         // nothing under way
    kDownloading,  // a verified release is being written to the other slot
    kInstalled,    // the slot is written and read back; the next start tries it
    kTrying,       // started from the new slot, not yet trusted with it
    kConfirmed,    // at rest after a successful update
    kRolledBack,   // at rest in the old slot after an unsuccessful one
    kInstalling,   // the verified payload is whole; an installer unpacks it into the other slot
};

enum class Event : std::uint8_t {
    kVerified,   // a release passed every check that needs no image
    kStaged,     // the whole payload for an installer is on disk and was read back
    kWritten,    // the whole image is in the slot: read back, or unpacked by the installer
    kAbandoned,  // refused, failed or superseded before the restart
    kRestarted,  // the boot loader was told to try the slot
    kHealthy,
    kUnhealthy,  // the health check failed, or the slot did not start
};

struct Transition {
    Phase from;
    Event event;
    Phase to;
};

[[nodiscard]] std::span<const Transition> transitions() noexcept;
// Nothing if `event` has no place in `phase`.
[[nodiscard]] std::optional<Phase> next_phase(Phase phase, Event event) noexcept;

// Whether there is a release that this phase is about.
[[nodiscard]] constexpr bool is_under_way(Phase phase) noexcept {
    return phase == Phase::kDownloading || phase == Phase::kInstalling ||
           phase == Phase::kInstalled || phase == Phase::kTrying;
}

[[nodiscard]] std::string_view to_string(Phase phase) noexcept;  // "rolled-back"

}  // namespace assay::device
