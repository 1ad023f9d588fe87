#include "ledger/core/uuid.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"

namespace assay::ledger {

std::optional<Uuid> parse_uuid(std::string_view text) {
    std::string digits(text);
    if (text.size() == 36) {
        for (const std::size_t hyphen : {23U, 18U, 13U, 8U}) {
            if (digits[hyphen] != '-') return std::nullopt;
            digits.erase(hyphen, 1);
        }
    }
    const auto raw = from_hex(digits);
    if (!raw || raw->size() != 16) return std::nullopt;
    Uuid id{};
    std::copy(raw->begin(), raw->end(), id.begin());
    return id;
}

Uuid vendor_id_of(std::string_view text) {
    const auto id = parse_uuid(text);
    return id ? *id : uuid5_dns(text);
}

Uuid class_id_of(const Uuid& vendor, std::string_view text) {
    const auto id = parse_uuid(text);
    return id ? *id : uuid5(vendor, text);
}

}  // namespace assay::ledger
