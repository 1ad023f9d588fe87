// A device's folder as the programs use it: how `init` makes it, what `run` needs from it.
//
//     device.json  device.key  device.csr        from init
//     device.crt  site-ca.crt  anchor.cbor       from enrolment
//     state.cbor  boot.cbor  lock  slots/{a,b}.img  payload  postponed
//
// Slots and boot state may lie elsewhere (device.json, docs/devices.md).

#pragma once

#include <filesystem>
#include <memory>

#include "device/agent.hpp"
#include "device/protocol/device_config.hpp"
#include "device/protocol/device_status.hpp"
#include "device/protocol/enrolment.hpp"
#include "host/http/tls.hpp"

namespace assay::device {

// Makes the folder, a P-256 key and a certificate request. Fails if there is a key already.
[[nodiscard]] Result<void> init_device(const std::filesystem::path& folder,
                                       const protocol::DeviceConfig& config);

[[nodiscard]] Result<protocol::DeviceConfig> read_config(const std::filesystem::path& folder);
[[nodiscard]] RestartPlan restart_plan_of(const protocol::DeviceConfig& config);
[[nodiscard]] Result<protocol::DeviceStatus> read_status(const std::filesystem::path& folder);

// What an enrolled device runs with.
struct EnrolledDevice {
    protocol::DeviceConfig config;
    crypto::PrivateKey key;
    std::shared_ptr<const http::TlsContext> tls;
    AgentOptions options;
    std::unique_ptr<BootStore> boot_store;  // BootLoader refers to it
    RunningSlot running;                    // empty: the agent's start is the boot
    std::unique_ptr<Installer> installer;   // none: raw images
    std::shared_ptr<std::uint64_t> newest_checkpoint;  // AgentParts; `tls` judges certificates by it
};
// `storage` must outlive the result.
[[nodiscard]] Result<EnrolledDevice> open_device(const std::filesystem::path& folder,
                                                 Storage& storage);

}  // namespace assay::device
