#include "device/protocol/receipt_name.hpp"

#include <algorithm>

#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::protocol {
namespace {

constexpr std::size_t kKeyDigits = 2 * sizeof(crypto::KeyId);

}  // namespace

std::string to_string(const ReceiptName& name) {
    return to_hex(name.key) + "-" + std::to_string(name.counter);
}

std::optional<ReceiptName> parse_receipt_name(std::string_view text) {
    if (text.size() <= kKeyDigits || text[kKeyDigits] != '-') return std::nullopt;
    const auto key = from_hex(text.substr(0, kKeyDigits));
    const auto counter = parse_number(text.substr(kKeyDigits + 1));
    if (!key || !counter || *counter == 0 || *counter > UINT32_MAX) return std::nullopt;
    ReceiptName name;
    std::copy(key->begin(), key->end(), name.key.begin());
    name.counter = static_cast<std::uint32_t>(*counter);
    return name;
}

}  // namespace assay::protocol
