// Names a receipt between a device and its gateway: the key that signed it, and its counter. In text
// "0123456789abcdef-42". Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/crypto/signature.hpp"

namespace assay::protocol {

struct ReceiptName {
    crypto::KeyId key{};
    std::uint32_t counter = 0;

    friend bool operator==(const ReceiptName&, const ReceiptName&) = default;
};

[[nodiscard]] std::string to_string(const ReceiptName& name);
// Nothing if it is anything else, or the counter is 0.
[[nodiscard]] std::optional<ReceiptName> parse_receipt_name(std::string_view text);

}  // namespace assay::protocol
