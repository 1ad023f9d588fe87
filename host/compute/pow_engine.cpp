#include "host/compute/pow_engine.hpp"

namespace assay::compute {
namespace {

void put_le32(std::byte* out, std::uint32_t value) noexcept {
    for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
}

}  // namespace

std::uint32_t rolled_version(std::uint32_t version,
                             std::uint32_t mask,
                             std::uint32_t roll) noexcept {
    version &= ~mask;
    for (std::uint32_t rest = mask; rest != 0; rest &= rest - 1, roll >>= 1) {
        if ((roll & 1) != 0) version |= rest & (~rest + 1);
    }
    return version;
}

HeaderBytes header_with(const HeaderBytes& header, const PowHit& hit) noexcept {
    HeaderBytes out = header;
    put_le32(out.data(), hit.version);
    put_le32(out.data() + 76, hit.nonce);
    return out;
}

}  // namespace assay::compute
