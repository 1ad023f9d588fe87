#include "host/crypto/ecdsa_encoding.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "host/crypto/openssl_ptr.hpp"

namespace assay::crypto {
namespace {

using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using SignaturePtr = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

constexpr int kScalarBytes = 32;

// FIPS 186-4, D.1.2.3: the order n of the group.
constexpr unsigned char kOrder[kScalarBytes] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

BignumPtr number(const unsigned char* big_endian) {
    return BignumPtr(BN_bin2bn(big_endian, kScalarBytes, nullptr));
}

bool is_low(const BIGNUM* s, const BIGNUM* order) {
    const BignumPtr half(BN_new());
    return half && BN_rshift1(half.get(), order) == 1 && BN_cmp(s, half.get()) <= 0;
}

}  // namespace

std::optional<Bytes> ecdsa_to_der(ByteView raw) {
    const BignumPtr order = number(kOrder);
    BignumPtr r = number(as_uchar(raw));
    BignumPtr s = number(as_uchar(raw.subspan(kScalarBytes)));
    const SignaturePtr signature(ECDSA_SIG_new());
    if (!order || !r || !s || !signature) return std::nullopt;
    if (BN_is_zero(r.get()) || BN_cmp(r.get(), order.get()) >= 0) return std::nullopt;
    if (BN_is_zero(s.get()) || !is_low(s.get(), order.get())) return std::nullopt;
    if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
    static_cast<void>(r.release());  // the signature owns both now
    static_cast<void>(s.release());

    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0) return std::nullopt;
    const OpensslPtr<unsigned char, [](void* p) { OPENSSL_free(p); }> owner(der);
    return to_bytes(as_bytes(der, static_cast<std::size_t>(size)));
}

std::optional<Bytes> ecdsa_from_der(ByteView der) {
    const unsigned char* cursor = as_uchar(der);
    const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
    const BignumPtr order = number(kOrder);
    const BignumPtr low(BN_new());
    if (!signature || !order || !low) return std::nullopt;
    const BIGNUM* s = ECDSA_SIG_get0_s(signature.get());
    if (!is_low(s, order.get())) {
        if (BN_sub(low.get(), order.get(), s) != 1) return std::nullopt;
        s = low.get();
    }
    Bytes raw(2 * kScalarBytes);
    unsigned char* const out = as_uchar(raw);
    if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kScalarBytes) != kScalarBytes ||
        BN_bn2binpad(s, out + kScalarBytes, kScalarBytes) != kScalarBytes) {
        return std::nullopt;
    }
    return raw;
}

}  // namespace assay::crypto
