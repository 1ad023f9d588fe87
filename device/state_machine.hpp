// The course of an update as a table: what may follow what. Everything else in this folder acts on
// it, and journals each step before the next begins.
//
//     idle -> downloading -> installed -> trying -> confirmed
//                  |             |           `----> rolled-back
//                  `-> idle <----'   (refused, failed, superseded)

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
};

enum class Event : std::uint8_t {
    kVerified,   // a release passed every check that needs no image
    kWritten,    // the whole image is in the slot and was read back
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

[[nodiscard]] std::string_view to_string(Phase phase) noexcept;  // "rolled-back"

}  // namespace assay::device
