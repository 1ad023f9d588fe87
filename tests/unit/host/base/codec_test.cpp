#include "host/base/codec.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Codec, RoundTripsLittleEndian) {
    const Bytes bytes = Writer().u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0f).take();
    ASSERT_EQ(bytes.size(), 15U);
    EXPECT_EQ(bytes[1], std::byte{0x03});
    Reader reader(bytes);
    EXPECT_EQ(reader.u8(), 1U);
    EXPECT_EQ(reader.u16(), 0x0203U);
    EXPECT_EQ(reader.u32(), 0x04050607U);
    EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fU);
    EXPECT_TRUE(reader.done());
}

TEST(Codec, StaysFailedAfterAShortRead) {
    const Bytes bytes(3);
    Reader reader(bytes);
    EXPECT_EQ(reader.u32(), 0U);
    EXPECT_TRUE(reader.failed());
    EXPECT_EQ(reader.u8(), 0U);
    EXPECT_FALSE(reader.done());
}

TEST(Codec, RefusesTrailingBytes) {
    const Bytes bytes(5);
    Reader reader(bytes);
    EXPECT_EQ(reader.u32(), 0U);
    EXPECT_FALSE(reader.failed());
    EXPECT_FALSE(reader.done());
}

}  // namespace
}  // namespace assay
