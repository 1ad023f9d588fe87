// Name-based UUIDs (version 5, RFC 9562 section 5.5), as RFC 9124 names vendors and hardware
// classes: the vendor id is the UUID of its domain name, the class id that of a name within the
// vendor. SHA-1 serves to spread names here, not to protect anything. Thread-safe.

#pragma once

#include <array>
#include <string_view>

#include "host/base/bytes.hpp"

namespace assay::crypto {

using Uuid = std::array<std::byte, 16>;

[[nodiscard]] Uuid uuid_v5(const Uuid& name_space, std::string_view name);

[[nodiscard]] Uuid vendor_uuid(std::string_view domain);                         // "acme.example"
[[nodiscard]] Uuid class_uuid(const Uuid& vendor, std::string_view class_name);  // "edge-x64"

}  // namespace assay::crypto
