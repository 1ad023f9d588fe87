// Install hooks: programs that a verified payload is handed to where the image is not written to the
// slot as it is. The agent stays in charge of trust and of the boot loader; the installer only
// unpacks. It may be run again after a power cut and must then start over.

#pragma once

#include <filesystem>

#include "device/agent_state.hpp"
#include "device/boot_state.hpp"
#include "device/command.hpp"
#include "device/protocol/device_config.hpp"

namespace assay::device {

struct InstallTarget {
    std::filesystem::path payload;  // every byte of it was verified
    SlotIndex slot = 0;             // must be written
    std::filesystem::path slot_path;
};

class Installer {
  public:
    Installer() = default;
    Installer(const Installer&) = delete;
    Installer& operator=(const Installer&) = delete;
    virtual ~Installer() = default;
    // Fails with Refusal::kInstallerFailed.
    [[nodiscard]] virtual Result<void> install(const PendingRelease& release,
                                               const InstallTarget& target) = 0;
};

// Runs a program. In its arguments {payload} stands for the path of the payload, {slot} for a or b,
// {slot_path} for the path of the slot. The same are in its environment: ASSAY_PAYLOAD,
// ASSAY_SLOT_NAME, ASSAY_SLOT, and ASSAY_VERSION and ASSAY_SEQUENCE of the release.
class CommandInstaller final : public Installer {
  public:
    CommandInstaller(std::vector<std::string> command,
                     std::chrono::seconds deadline,
                     std::string success_text = {})
        : command_{std::move(command)},
          deadline_{deadline},
          success_text_{std::move(success_text)} {}
    [[nodiscard]] Result<void> install(const PendingRelease& release,
                                       const InstallTarget& target) override;

  private:
    std::vector<std::string> command_;
    std::chrono::seconds deadline_;
    std::string success_text_;
};

// What InstallKind::kSwupdate and kRauc run unless the configuration says otherwise.
[[nodiscard]] std::vector<std::string> default_command(protocol::InstallKind kind);
// What it prints when it has installed. SWUpdate 2022.12 ends with status 1 now and then on a busy
// machine, though it has installed and says so: it misses its own last message.
[[nodiscard]] std::string success_text(protocol::InstallKind kind);
// The payload types that such an installer takes.
[[nodiscard]] std::vector<ledger::PayloadType> payload_types(protocol::InstallKind kind);

}  // namespace assay::device
