// The two forms of an ECDSA signature over P-256: s and n - s both verify, we accept the lower one.

#pragma once

#include <algorithm>

#include "host/base/bytes.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::test {

// The order n of P-256, and n - s for the raw signature's s.
inline const Bytes kP256Order =
    from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();

inline Bytes with_other_s(ByteView signature) {
    Bytes out = to_bytes(signature);
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        int digit =
            std::to_integer<int>(kP256Order[i]) - std::to_integer<int>(out[32 + i]) - borrow;
        borrow = digit < 0 ? 1 : 0;
        out[32 + i] = static_cast<std::byte>(digit + 256 * borrow);
    }
    return out;
}

inline bool has_high_s(ByteView signature) {
    const Bytes other = with_other_s(signature);
    return std::lexicographical_compare(other.begin() + 32, other.end(), signature.begin() + 32,
                                        signature.end());
}

}  // namespace assay::test
