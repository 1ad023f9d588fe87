#include "device/protocol/receipt_name.hpp"

#include <gtest/gtest.h>

namespace assay::protocol {
namespace {

TEST(ReceiptNames, ComeBackAsTheyWere) {
    ReceiptName name;
    name.key = {std::byte{0xab}, std::byte{1}};
    name.counter = 4'294'967'295;
    EXPECT_EQ(to_string(name), "ab01000000000000-4294967295");
    EXPECT_EQ(parse_receipt_name(to_string(name)), name);
}

TEST(ReceiptNames, AreNothingElse) {
    for (const char* const text :
         {"", "-1", "ab01000000000000", "ab01000000000000-", "ab01000000000000-0",
          "ab01000000000000-4294967296", "ab01000000000000- 1", "ab01000000000000-+1",
          "ab0100000000000-1", "ab0100000000000x-1", "ab01000000000000_1", "ab0100000000000000-1"}) {
        EXPECT_FALSE(parse_receipt_name(text)) << text;
    }
}

}  // namespace
}  // namespace assay::protocol
