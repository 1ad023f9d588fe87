// Names of vendors and hardware classes as records carry them: 16 bytes, written as 32 hexadecimal
// digits. vendor id = UUIDv5(DNS namespace, "acme.example"), class id = UUIDv5(vendor id,
// "router-x1") (RFC 9124, RFC 9562). People and configuration files may write either form. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/crypto/uuid.hpp"

namespace assay::ledger {

using crypto::Uuid;

// "acme.example"
[[nodiscard]] inline Uuid uuid5_dns(std::string_view name) { return crypto::vendor_uuid(name); }
[[nodiscard]] inline Uuid uuid5(const Uuid& name_space, std::string_view name) {
    return crypto::uuid_v5(name_space, name);
}

// 32 hexadecimal digits, or the usual form with hyphens.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);

// What a person writes: a UUID, else a name.
[[nodiscard]] Uuid vendor_id_of(std::string_view text);
[[nodiscard]] Uuid class_id_of(const Uuid& vendor, std::string_view text);

}  // namespace assay::ledger
