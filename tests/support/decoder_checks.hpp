// What every strict decoder owes its callers: no prefix of a valid input is valid, and neither is
// the input with something behind it.

#pragma once

#include <gtest/gtest.h>

#include "host/base/bytes.hpp"

namespace assay::test {

template <typename Decode>
void expect_only_whole_input(ByteView whole, Decode decode) {
    ASSERT_TRUE(decode(whole)) << decode(whole).error().to_string();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode(whole.first(size))) << "prefix of " << size << " bytes";
    }
    Bytes longer = to_bytes(whole);
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode(ByteView(longer))) << "a byte too many";
}

// `accepts` must be false for `whole` with any one bit flipped. A step of 9 tries one bit of each
// byte, another one each time: for checks that take long.
template <typename Accepts>
void expect_every_bit_counts(ByteView whole, Accepts accepts, std::size_t step = 1) {
    ASSERT_TRUE(accepts(whole));
    Bytes flipped = to_bytes(whole);
    for (std::size_t bit = 0; bit < flipped.size() * 8; bit += step) {
        const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
        flipped[bit / 8] ^= mask;
        EXPECT_FALSE(accepts(ByteView(flipped))) << "bit " << bit;
        flipped[bit / 8] ^= mask;
    }
}

}  // namespace assay::test
