// The boot state kept by a script of the device's integrator: for boot loaders that have no back end
// here (GRUB, EFI Boot Guard, a vendor's own).
//
//     SCRIPT get                      prints "active=a", "trial=b" and "tries=3", one a line;
//                                     without a trial only the first
//     SCRIPT set active=a trial=b tries=3
//                                     makes that durable as a whole before it ends with status 0
//     SCRIPT running                  prints the slot that was started: a or b

#pragma once

#include "device/boot_state.hpp"
#include "device/command.hpp"

namespace assay::device {

class ScriptBootStore final : public BootStore {
  public:
    // `script` with its arguments; the verb is added.
    ScriptBootStore(std::vector<std::string> script, std::chrono::seconds deadline)
        : script_{std::move(script)}, deadline_{deadline} {}
    [[nodiscard]] Result<BootState> read() override;
    [[nodiscard]] Result<void> write(const BootState& state) override;
    [[nodiscard]] Result<SlotIndex> running() const;

  private:
    [[nodiscard]] Result<std::string> run(std::vector<std::string> arguments) const;

    std::vector<std::string> script_;
    std::chrono::seconds deadline_;
};

// What `get` printed. Strict: nothing but those lines, each once, in this order.
[[nodiscard]] Result<BootState> parse_boot_script_state(std::string_view output);

}  // namespace assay::device
