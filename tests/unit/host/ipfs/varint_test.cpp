#include "host/ipfs/varint.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::ipfs {
namespace {

Result<std::uint64_t> take_hex(std::string_view hex, std::size_t bytes_max) {
    const Bytes bytes = from_hex(hex).value();
    ByteView rest = bytes;
    return take_varint(rest, bytes_max);
}

// multiformats/unsigned-varint, README
TEST(Varint, AgreesWithTheSpecification) {
    EXPECT_EQ(take_hex("01", 9), 1U);
    EXPECT_EQ(take_hex("7f", 9), 127U);
    EXPECT_EQ(take_hex("8001", 9), 128U);
    EXPECT_EQ(take_hex("ff01", 9), 255U);
    EXPECT_EQ(take_hex("ac02", 9), 300U);
    EXPECT_EQ(take_hex("808001", 9), 16384U);
    EXPECT_EQ(take_hex("ffffffffffffffff7f", 9), (std::uint64_t{1} << 63) - 1);
    EXPECT_EQ(take_hex("ffffffffffffffffff01", 10), std::numeric_limits<std::uint64_t>::max());
}

TEST(Varint, ComesBackAsItWasWritten) {
    for (int bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
            Bytes bytes;
            append_varint(bytes, value);
            append(bytes, as_bytes("rest"));
            ByteView rest = bytes;
            EXPECT_EQ(take_varint(rest, kProtobufVarintBytes), value);
            EXPECT_EQ(as_text(rest), "rest");
        }
    }
}

TEST(Varint, RefusesWhatIsNotInShortestForm) {
    EXPECT_FALSE(take_hex("8100", 9));
    EXPECT_FALSE(take_hex("8000", 9));
    EXPECT_TRUE(take_hex("00", 9));
}

TEST(Varint, RefusesWhatIsTooLongOrCutOff) {
    EXPECT_FALSE(take_hex("", 9));
    EXPECT_FALSE(take_hex("80", 9));
    EXPECT_FALSE(take_hex("80808080808080808001", 9));
    EXPECT_FALSE(take_hex("ffffffffffffffffff02", 10));
    EXPECT_FALSE(take_hex("ffffffffffffffffffff01", 11));
}

}  // namespace
}  // namespace assay::ipfs
