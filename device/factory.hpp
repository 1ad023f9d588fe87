// A blank device on the production line: makes its key, asks the gateway's listener for blank devices to
// be enrolled, with a single-use token or by waiting for the operator, and puts certificate and anchor
// into its folder. Needs no clock: it knows the gateway by its key. Any step may be interrupted; the same
// call goes on.

#pragma once

#include <filesystem>
#include <string>

#include "device/event_log.hpp"
#include "device/protocol/device_config.hpp"
#include "host/base/result.hpp"

namespace assay::device {

struct FactoryOptions {
    std::filesystem::path folder;
    protocol::DeviceConfig config;  // of the device; what `folder` has already stays
    std::string factory;            // URL of the listener for blank devices
    std::string token;              // "SECRET.PIN", or ".PIN" without a token
    std::string token_file;         // instead: its first line is the token; "-": standard input
    std::string hardware;           // revision
    std::chrono::seconds patience{3600};
};

// The device is enrolled when this returns. Fails with what the gateway says, permission_denied, or with
// timed_out when patience has ended.
[[nodiscard]] Result<void> enrol_blank_device(const FactoryOptions& options, const EventLog& log);

}  // namespace assay::device
