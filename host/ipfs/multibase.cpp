#include "host/ipfs/multibase.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"

namespace assay::ipfs {
namespace {

constexpr std::string_view kBase32Digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase36Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kBase58Digits =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string encode_base32(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() * 8 + 4) / 5);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const std::byte b : bytes) {
        buffer = (buffer << 8 | std::to_integer<std::uint32_t>(b)) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) text += kBase32Digits[buffer >> (bits - 5) & 31];
    }
    if (bits > 0) text += kBase32Digits[buffer << (5 - bits) & 31];
    return text;
}

Result<Bytes> decode_base32(std::string_view digits) {
    Bytes bytes;
    bytes.reserve(digits.size() * 5 / 8);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const char c : digits) {
        const std::size_t value = kBase32Digits.find(to_lower(c));
        if (value == std::string_view::npos) {
            return fail(Refusal::kMalformed, "not a base32 digit");
        }
        buffer = (buffer << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::byte>(buffer >> bits & 0xff));
    }
    // What is left over must be padding: less than a digit's worth of zero bits.
    if (bits >= 5 || (buffer & ((1U << bits) - 1)) != 0) {
        return fail(Refusal::kMalformed, "base32 text does not end on a byte");
    }
    return bytes;
}

// Bases that are no power of two read the bytes as one big-endian number; leading zero bytes are
// written as leading zero digits.
std::string encode_number(std::string_view alphabet, ByteView bytes) {
    const std::uint32_t radix = static_cast<std::uint32_t>(alphabet.size());
    std::vector<std::uint8_t> little_endian;  // digits
    const auto first =
        std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
    for (auto b = first; b != bytes.end(); ++b) {
        auto carry = std::to_integer<std::uint32_t>(*b);
        for (std::uint8_t& digit : little_endian) {
            carry += std::uint32_t{digit} << 8;
            digit = static_cast<std::uint8_t>(carry % radix);
            carry /= radix;
        }
        for (; carry > 0; carry /= radix) {
            little_endian.push_back(static_cast<std::uint8_t>(carry % radix));
        }
    }
    std::string text(static_cast<std::size_t>(first - bytes.begin()), alphabet[0]);
    for (auto d = little_endian.rbegin(); d != little_endian.rend(); ++d) text += alphabet[*d];
    return text;
}

Result<Bytes> decode_number(std::string_view alphabet, bool any_case, std::string_view digits) {
    const std::uint32_t radix = static_cast<std::uint32_t>(alphabet.size());
    Bytes bytes;  // little-endian until the end
    std::size_t zeros = 0;
    for (const char c : digits) {
        const std::size_t value = alphabet.find(any_case ? to_lower(c) : c);
        if (value == std::string_view::npos) {
            return fail(Refusal::kMalformed, "not a base" + std::to_string(radix) + " digit");
        }
        if (value == 0 && bytes.empty()) ++zeros;
        auto carry = static_cast<std::uint32_t>(value);
        for (std::byte& b : bytes) {
            carry += std::to_integer<std::uint32_t>(b) * radix;
            b = static_cast<std::byte>(carry & 0xff);
            carry >>= 8;
        }
        if (carry > 0) bytes.push_back(static_cast<std::byte>(carry));
    }
    bytes.insert(bytes.end(), zeros, std::byte{0});
    std::reverse(bytes.begin(), bytes.end());
    return bytes;
}

}  // namespace

std::string encode_digits(Base base, ByteView bytes) {
    switch (base) {
        case Base::kBase16:
            return to_hex(bytes);
        case Base::kBase32:
            return encode_base32(bytes);
        case Base::kBase36:
            return encode_number(kBase36Digits, bytes);
        case Base::kBase58Btc:
            return encode_number(kBase58Digits, bytes);
    }
    return {};
}

std::string encode_multibase(Base base, ByteView bytes) {
    return static_cast<char>(base) + encode_digits(base, bytes);
}

Result<Bytes> decode_digits(Base base, std::string_view digits) {
    if (digits.size() > kMultibaseTextMax) {
        return fail(Refusal::kLimitExceeded,
                    "text of " + std::to_string(digits.size()) + " digits is too long for a CID");
    }
    switch (base) {
        case Base::kBase16: {
            auto bytes = from_hex(digits);
            if (!bytes) return fail(Refusal::kMalformed, "not base16");
            return std::move(*bytes);
        }
        case Base::kBase32:
            return decode_base32(digits);
        case Base::kBase36:
            return decode_number(kBase36Digits, /*any_case=*/true, digits);
        case Base::kBase58Btc:
            return decode_number(kBase58Digits, /*any_case=*/false, digits);
    }
    return fail(Refusal::kMalformed, "unknown base");
}

Result<Bytes> decode_multibase(std::string_view text) {
    if (text.empty()) return fail(Refusal::kMalformed, "empty text has no base");
    const std::string_view digits = text.substr(1);
    switch (text[0]) {
        case 'f':
        case 'F':
            return decode_digits(Base::kBase16, digits);
        case 'b':
        case 'B':
            return decode_digits(Base::kBase32, digits);
        case 'k':
        case 'K':
            return decode_digits(Base::kBase36, digits);
        case 'z':
            return decode_digits(Base::kBase58Btc, digits);
        default:
            return fail(Refusal::kMalformed, "multibase '" + std::string(1, text[0]) +
                                                 "' is not base16, base32, base36 or base58btc");
    }
}

}  // namespace assay::ipfs
