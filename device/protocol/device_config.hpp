// device.json: what a device is and where its gateway is. Written by `assay-device init`, completed
// by enrolment, editable by people. Parsing is strict and bounded; paths stay as written.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::protocol {

inline constexpr std::size_t kDeviceConfigBytesMax = 64 * 1024;
inline constexpr std::uint64_t kUBootTriesMax = 9;  // one digit: U-Boot's setexpr counts in hex

// Who brings a verified image into the slot, and what keeps the boot state.
enum class InstallKind : std::uint8_t { kRaw, kScript, kSwupdate, kRauc };
enum class BootKind : std::uint8_t { kFile, kUBoot, kScript };

[[nodiscard]] std::string_view to_string(InstallKind kind) noexcept;  // "raw", "script"...
[[nodiscard]] std::string_view to_string(BootKind kind) noexcept;     // "file", "uboot", "script"

// A place in a file or device, written "PATH" or "PATH@OFFSET".
struct PlaceOnDevice {
    std::string path;
    std::uint64_t offset = 0;
    friend bool operator==(const PlaceOnDevice&, const PlaceOnDevice&) = default;
};
[[nodiscard]] std::optional<PlaceOnDevice> parse_place(std::string_view text);

// Minutes of the day; a window whose end is not after its start goes over midnight.
struct DailyWindow {
    std::uint32_t from = 0, to = 0;
    friend bool operator==(const DailyWindow&, const DailyWindow&) = default;
};
[[nodiscard]] std::optional<DailyWindow> parse_window(std::string_view text);  // "22:00-04:30"
[[nodiscard]] std::string to_string(const DailyWindow& window);

struct DeviceConfig {
    std::string id;            // serial; common name of the device's certificate
    std::string gateway;       // "https://gateway.example:7443"
    std::string vendor;        // name or 32 hexadecimal digits, as are class...
    std::string device_class;  // ("class" in the file)
    std::string component;     // ...but not component
    std::optional<ledger::LedgerDeviceId> ledger_id;  // from enrolment, 32 hexadecimal digits
    std::string slots = "slots";      // folder of the slots, relative to the device's
    std::vector<std::string> health;  // command and arguments; empty: check the slot
    std::uint32_t health_deadline_s = 60;
    std::uint32_t poll_ms_max = 60'000;  // never sleep longer than this, whatever the gateway says
    std::uint32_t boot_tries = 4;        // of a new slot, before rolling back
    std::uint64_t checkpoint_age_max_s = 7 * 24 * 3600;
    std::uint32_t gateway_timeout_s = 600;  // of a request, which brings one chunk at most
    bool clock = true;  // the device's clock can be relied on
    bool require_status = false;  // take the release alone that a fresh status names

    std::vector<std::string> slot_paths;  // A and B; empty: a.img and b.img in `slots`
    InstallKind install = InstallKind::kRaw;
    std::vector<std::string> install_command;  // empty: the installer's default
    std::uint32_t install_deadline_s = 1800;
    BootKind boot = BootKind::kFile;
    std::vector<std::string> boot_environment;  // both copies, for kUBoot
    std::uint32_t boot_environment_bytes = 0;
    std::vector<std::string> boot_command;  // for kScript
    // A boot loader acts on the boot state and tells the kernel which slot runs. Without one, the
    // agent's own start is the boot.
    bool boot_loader = false;
    std::vector<std::string> restart_command;  // restarts the device; with a boot loader only

    std::optional<DailyWindow> window;  // of restarts, UTC; none: at any time
    std::uint32_t postpone_max_s = 7 * 24 * 3600;
    std::uint32_t bandwidth_kib_s = 0;  // of images; 0: no limit

    friend bool operator==(const DeviceConfig&, const DeviceConfig&) = default;
};

[[nodiscard]] std::string to_json(const DeviceConfig& config);
// Only id, gateway, vendor, class and component must be there.
[[nodiscard]] Result<DeviceConfig> parse_device_config(std::string_view json);

}  // namespace assay::protocol
