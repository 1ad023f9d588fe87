// Members verify with libsodium, devices with OpenSSL: the two must never disagree.

#include "host/crypto/ed25519_sodium.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include "host/crypto/random.hpp"
#include "host/crypto/signature.hpp"

namespace assay::crypto {
namespace {

using Point = std::array<unsigned char, 32>;

// Of order 8: what may be added to a point, and what a verification without the cofactor must see.
Point torsion() {
    Point point{};
    const auto bytes = from_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
    std::copy(as_uchar(*bytes), as_uchar(*bytes) + point.size(), point.begin());
    return point;
}

Point plus(const Point& a, const Point& b) {
    Point sum{};
    EXPECT_EQ(crypto_core_ed25519_add(sum.data(), a.data(), b.data()), 0);
    return sum;
}

Point times_base(const Point& scalar) {
    Point point{};
    EXPECT_EQ(crypto_scalarmult_ed25519_base_noclamp(point.data(), scalar.data()), 0);
    return point;
}

Point random_scalar() {
    Point scalar{};
    crypto_core_ed25519_scalar_random(scalar.data());
    return scalar;
}

ByteView view(std::span<const unsigned char> bytes) { return std::as_bytes(bytes); }

// Signs with a key and an R to which torsion may have been added; S is as if it had not.
struct Crafted {
    Point key, r, s;

    Crafted(ByteView message, bool twist_key, bool twist_r) {
        const Point secret = random_scalar();
        const Point nonce = random_scalar();
        key = times_base(secret);
        if (twist_key) key = plus(key, torsion());
        r = times_base(nonce);
        if (twist_r) r = plus(r, torsion());
        crypto_hash_sha512_state hash;
        crypto_hash_sha512_init(&hash);
        crypto_hash_sha512_update(&hash, r.data(), r.size());
        crypto_hash_sha512_update(&hash, key.data(), key.size());
        crypto_hash_sha512_update(&hash, as_uchar(message), message.size());
        std::array<unsigned char, 64> wide{};
        crypto_hash_sha512_final(&hash, wide.data());
        Point challenge{}, product{};
        crypto_core_ed25519_scalar_reduce(challenge.data(), wide.data());
        crypto_core_ed25519_scalar_mul(product.data(), challenge.data(), secret.data());
        crypto_core_ed25519_scalar_add(s.data(), nonce.data(), product.data());
    }
    [[nodiscard]] Bytes signature() const {
        Bytes both = to_bytes(view(r));
        both.insert(both.end(), view(s).begin(), view(s).end());
        return both;
    }
};

// How many of 200 signatures are accepted; both libraries must say the same of each.
int accepted(bool twist_key, bool twist_r) {
    int count = 0;
    for (int i = 0; i < 200; ++i) {
        Bytes message(40);
        fill_random(message);
        const Crafted crafted(message, twist_key, twist_r);
        const PublicKey key{Algorithm::kEd25519, to_bytes(view(crafted.key))};
        const bool sodium = verify_ed25519_by_sodium(key.bytes, message, crafted.signature());
        EXPECT_EQ(sodium, verify_by_openssl(key, message, crafted.signature()));
        count += sodium ? 1 : 0;
    }
    return count;
}

TEST(Ed25519Sodium, AgreesWithOpensslOnPointsWithTorsion) {
    EXPECT_EQ(accepted(false, false), 200);
    const int by_key = accepted(true, false);  // where the challenge is a multiple of 8
    EXPECT_GT(by_key, 0);
    EXPECT_LT(by_key, 100);
    EXPECT_EQ(accepted(false, true), 0);
    const int by_both = accepted(true, true);
    EXPECT_GT(by_both, 0);
    EXPECT_LT(by_both, 100);
}

// S + L signs the same in arithmetic modulo L.
TEST(Ed25519Sodium, RefusesAnSThatIsNotReduced) {
    const auto secret = PrivateKey::generate(Algorithm::kEd25519).value();
    const Bytes message(3, std::byte{5});
    Bytes signature = secret.sign(message).value();
    const auto order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;
    for (std::size_t i = 0; i < order->size(); ++i) {
        carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>((*order)[i]);
        signature[32 + i] = static_cast<std::byte>(carry & 0xff);
        carry >>= 8;
    }
    EXPECT_FALSE(verify_ed25519_by_sodium(secret.public_key().bytes, message, signature));
    EXPECT_FALSE(verify_by_openssl(secret.public_key(), message, signature));
}

}  // namespace
}  // namespace assay::crypto
