// How the ledger names a device without saying who it is, and how an operator can say it of one
// device alone (docs/formats.md, section 8): the device's own salt opens its own id, and tells
// nothing of any other device's. Pure.

#pragma once

#include <array>
#include <string_view>

#include "host/base/bytes.hpp"

namespace assay::ledger {

using LedgerDeviceId = std::array<std::byte, 16>;
using DeviceSalt = Hash256<struct DeviceSaltTag>;

[[nodiscard]] DeviceSalt device_salt(ByteView operator_salt, std::string_view serial);
[[nodiscard]] LedgerDeviceId ledger_device_id(const DeviceSalt& salt, std::string_view serial);
[[nodiscard]] LedgerDeviceId ledger_device_id(ByteView operator_salt, std::string_view serial);

}  // namespace assay::ledger
