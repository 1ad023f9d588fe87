#include "ledger/core/coinbase.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::ledger {
namespace {

Coinbase sample() {
    Coinbase coinbase;
    coinbase.height = 0x01020304;
    coinbase.slot = 0x0506;
    coinbase.n_tx = 2;
    coinbase.extranonce = 0x1122334455667788;
    coinbase.chain_id.bytes.fill(std::byte{0xaa});
    coinbase.log_size = 9;
    coinbase.log_root.bytes.fill(std::byte{0xbb});
    coinbase.registry_root.bytes.fill(std::byte{0xcc});
    return coinbase;
}

TEST(Coinbase, HasTheDocumentedLayout) {
    const auto of = [](const char* byte) {
        std::string text;
        for (int i = 0; i < 32; ++i) text += byte;
        return text;
    };
    EXPECT_EQ(to_hex(encode_coinbase(sample())),
              "0001"
              "04030201"
              "0605"
              "00000000"
              "02000000"
              "8877665544332211" +
                  of("aa") + "0900000000000000" + of("bb") + of("cc") + "0000");
    EXPECT_EQ(encode_coinbase(sample()).size(), kCoinbaseBytes);
}

TEST(Coinbase, RoundTripsWithAnExtension) {
    Coinbase coinbase = sample();
    EXPECT_EQ(decode_coinbase(encode_coinbase(coinbase)).value(), coinbase);
    coinbase.ext = {std::byte{1}, std::byte{0}, std::byte{0}};
    EXPECT_EQ(decode_coinbase(encode_coinbase(coinbase)).value(), coinbase);
}

TEST(Coinbase, RefusesOtherLengthsMarkersAndVersions) {
    Bytes bytes = encode_coinbase(sample());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_coinbase(ByteView(bytes).first(size))) << size;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_coinbase(longer));
    Bytes cbor = bytes;
    cbor[0] = std::byte{0xd2};
    EXPECT_TRUE(decode_coinbase(cbor).error().is(Refusal::kMalformed));
    bytes[1] = std::byte{2};
    EXPECT_TRUE(decode_coinbase(bytes).error().is(Refusal::kUnknownVersion));
}

}  // namespace
}  // namespace assay::ledger
