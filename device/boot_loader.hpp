// The agent's dealings with the boot loader, whatever keeps its state: to have a slot tried, kept or
// given up. Where no boot loader looks at that state (a board without slots of its own, a container,
// a test), the agent's own start takes its place: it counts the tries down and says which slot runs.

#pragma once

#include <functional>

#include "device/boot_state.hpp"

namespace assay::device {

// Which slot the boot loader started.
using RunningSlot = std::function<Result<SlotIndex>()>;
// From the kernel's command line: "assay.slot=b", or "rauc.slot=B" where RAUC's script boots.
[[nodiscard]] Result<SlotIndex> slot_of_command_line(std::string_view command_line);

class BootLoader {
  public:
    // Without `running` the agent's start is the boot. The store must outlive this.
    explicit BootLoader(BootStore& store, RunningSlot running = {})
        : store_{&store}, running_{std::move(running)} {}

    // A start of the device: the slot that runs. Uses up one try of a trial slot, unless a boot
    // loader has done that; without tries left the trial is over and the active slot starts.
    [[nodiscard]] Result<SlotIndex> boot() const;

    // The next start is from `slot`, at most `tries` times.
    [[nodiscard]] Result<void> try_slot(SlotIndex slot, std::uint64_t tries) const;
    // `slot` is active from now on; nothing is tried any more.
    [[nodiscard]] Result<void> commit(SlotIndex slot) const;
    // Ends the trial; the next start is from the active slot.
    [[nodiscard]] Result<void> abandon() const;

    [[nodiscard]] Result<BootState> read() const { return store_->read(); }

  private:
    BootStore* store_;
    RunningSlot running_;
};

}  // namespace assay::device
