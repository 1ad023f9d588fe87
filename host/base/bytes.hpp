// Byte strings, views of them, and 256-bit values that cannot be mixed up.

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

// A 256-bit value in the byte order in which SHA-256 produces it. The tag keeps hashes of different
// things from being swapped: a BlockId does not convert to a Sha256Digest by accident.
template <typename Tag>
struct Hash256 {
    std::array<std::byte, 32> bytes{};

    [[nodiscard]] ByteView view() const noexcept { return bytes; }
    [[nodiscard]] bool is_zero() const noexcept { return *this == Hash256{}; }

    // The same 32 bytes under another name; written out where one really is the other.
    template <typename Other>
    [[nodiscard]] Other as() const noexcept {
        Other other;
        other.bytes = bytes;
        return other;
    }

    // Precondition: view.size() == 32.
    [[nodiscard]] static Hash256 from(ByteView view) noexcept {
        Hash256 hash;
        std::memcpy(hash.bytes.data(), view.data(), hash.bytes.size());
        return hash;
    }

    friend bool operator==(const Hash256&, const Hash256&) = default;
    friend auto operator<=>(const Hash256&, const Hash256&) = default;
};

using Sha256Digest = Hash256<struct Sha256DigestTag>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}
[[nodiscard]] inline ByteView as_bytes(const std::uint8_t* data, std::size_t size) noexcept {
    return std::as_bytes(std::span(data, size));
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// For C interfaces (OpenSSL, LevelDB) that want unsigned char.
[[nodiscard]] inline const unsigned char* as_uchar(ByteView bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
[[nodiscard]] inline unsigned char* as_uchar(std::span<std::byte> bytes) noexcept {
    return reinterpret_cast<unsigned char*>(bytes.data());
}
template <std::size_t N>
[[nodiscard]] unsigned char* as_uchar(std::array<std::byte, N>& bytes) noexcept {
    return as_uchar(std::span<std::byte>(bytes));
}
[[nodiscard]] inline unsigned char* as_uchar(Bytes& bytes) noexcept {
    return as_uchar(std::span<std::byte>(bytes));
}
[[nodiscard]] inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }
[[nodiscard]] inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

}  // namespace assay

template <typename Tag>
struct std::hash<assay::Hash256<Tag>> {
    std::size_t operator()(const assay::Hash256<Tag>& value) const noexcept {
        std::size_t word = 0;  // digests are uniform already: any 8 of their bytes will do
        std::memcpy(&word, value.bytes.data() + 8, sizeof word);
        return word;
    }
};
