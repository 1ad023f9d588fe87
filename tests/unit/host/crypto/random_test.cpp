#include "host/crypto/random.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::crypto {
namespace {

std::string hmac(const std::string& key_hex, const std::string& data_hex) {
    return to_hex(hmac_sha256(*from_hex(key_hex), *from_hex(data_hex)).view());
}

// RFC 4231, sections 4.2, 4.3 and 4.7 (a key longer than a block).
TEST(HmacSha256, MatchesRfc4231) {
    EXPECT_EQ(hmac("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac("4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(Bytes(131, std::byte{0xaa}),
                                 as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
                         .view()),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAndEmptyData) {
    EXPECT_EQ(to_hex(hmac_sha256({}, {}).view()),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(FillRandom, FillsEveryByte) {
    // 64 draws leave a byte at zero in all of them with probability 2^-512 each.
    std::array<std::byte, 40> seen{};
    for (int i = 0; i < 64; ++i) {
        std::array<std::byte, 40> out{};
        fill_random(out);
        for (std::size_t k = 0; k < out.size(); ++k) seen[k] |= out[k];
    }
    for (const std::byte value : seen) EXPECT_NE(value, std::byte{0});
}

TEST(FillRandom, AcceptsAnEmptyBuffer) { fill_random({}); }

}  // namespace
}  // namespace assay::crypto
