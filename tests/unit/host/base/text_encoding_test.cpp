#include "host/base/text_encoding.hpp"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Hex, RoundTripsAndRefusesOtherText) {
    const Bytes bytes = to_bytes(std::string_view("\x00\xff\x10", 3));
    EXPECT_EQ(to_hex(bytes), "00ff10");
    EXPECT_EQ(from_hex("00FF10"), bytes);
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
    EXPECT_FALSE(from_hex(" 00"));
}

// RFC 4648, section 10.
TEST(Base64, MatchesTheRfcVectors) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), text);
        EXPECT_EQ(from_base64(text), to_bytes(std::string_view(plain)));
    }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
    for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

}  // namespace
}  // namespace assay
