#include "host/ipfs/varint.hpp"

namespace assay::ipfs {

void append_varint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::byte>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::byte>(value));
}

Result<std::uint64_t> take_varint(ByteView& rest, std::size_t bytes_max) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes_max; ++i) {
        if (i == rest.size()) return fail(Refusal::kMalformed, "varint is cut off");
        const auto byte = std::to_integer<std::uint64_t>(rest[i]);
        // The tenth byte of a 64-bit value has room for one bit.
        if (i == 9 && byte > 1) break;
        value |= (byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) continue;
        if (byte == 0 && i > 0) return fail(Refusal::kMalformed, "varint is not in shortest form");
        rest = rest.subspan(i + 1);
        return value;
    }
    return fail(Refusal::kMalformed, "varint is too large");
}

}  // namespace assay::ipfs
