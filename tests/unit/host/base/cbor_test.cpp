#include "host/base/cbor.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::cbor {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(CborEncoder, MatchesRfc8949AppendixA) {
    EXPECT_EQ(to_hex(Encoder().unsigned_int(0).take()), "00");
    EXPECT_EQ(to_hex(Encoder().unsigned_int(23).take()), "17");
    EXPECT_EQ(to_hex(Encoder().unsigned_int(24).take()), "1818");
    EXPECT_EQ(to_hex(Encoder().unsigned_int(1000).take()), "1903e8");
    EXPECT_EQ(to_hex(Encoder().unsigned_int(1000000).take()), "1a000f4240");
    EXPECT_EQ(to_hex(Encoder().unsigned_int(18446744073709551615U).take()), "1bffffffffffffffff");
    EXPECT_EQ(to_hex(Encoder().signed_int(-1000).take()), "3903e7");
    EXPECT_EQ(to_hex(Encoder().boolean(false).boolean(true).null().take()), "f4f5f6");
    EXPECT_EQ(to_hex(Encoder().text("IETF").take()), "6449455446");
    EXPECT_EQ(to_hex(Encoder().map(2).unsigned_int(1).unsigned_int(2).unsigned_int(3).unsigned_int(4).take()),
              "a201020304");
    EXPECT_EQ(to_hex(Encoder().tag(32).text("http://www.example.com").take()),
              "d82076687474703a2f2f7777772e6578616d706c652e636f6d");
}

TEST(CborDecoder, ReadsBackWhatTheEncoderWrote) {
    const Bytes bytes =
        Encoder().array(5).signed_int(INT64_MIN).bytes(hex("0102")).text("\xc3\xbc").boolean(true).null().take();
    Decoder decoder(bytes);
    EXPECT_EQ(decoder.array(5).value(), 5U);
    EXPECT_EQ(decoder.signed_int().value(), INT64_MIN);
    EXPECT_EQ(to_hex(decoder.bytes_exactly(2).value()), "0102");
    EXPECT_EQ(decoder.text(2).value(), "\xc3\xbc");
    EXPECT_TRUE(decoder.boolean().value());
    EXPECT_TRUE(decoder.null());
    EXPECT_TRUE(decoder.finish());
}

TEST(CborDecoder, RefusesWhatIsNotDeterministic) {
    const std::pair<const char*, const char*> inputs[] = {
        {"1817", "number not in shortest form, 1 byte"},
        {"1900ff", "number not in shortest form, 2 bytes"},
        {"1a0000ffff", "number not in shortest form, 4 bytes"},
        {"1b00000000ffffffff", "number not in shortest form, 8 bytes"},
        {"5f4101ff", "indefinite byte string"},
        {"9fff", "indefinite array"},
        {"bfff", "indefinite map"},
        {"a2020001", "map cut short"},
        {"a202000100", "map keys descending"},
        {"a201000100", "map key twice"},
        {"a26161006100", "text keys out of order"},
        {"f90000", "half float"},
        {"fb3ff199999999999a", "double"},
        {"f7", "undefined"},
        {"f0", "simple value 16"},
        {"f8ff", "simple value 255"},
        {"62c080", "overlong UTF-8"},
        {"63eda080", "UTF-8 surrogate"},
        {"64f4908080", "above U+10FFFF"},
        {"61ff", "not UTF-8"},
        {"1c", "reserved additional information"},
        {"5affffffff00", "length far beyond the input"},
        {"9bffffffffffffffff", "array of 2^64 - 1 items"},
        {"0000", "trailing byte"},
        {"", "nothing"},
        {"8181818181818181818181818181818181818181818100", "nested too deep"},
    };
    for (const auto& [input, why] : inputs) {
        EXPECT_FALSE(check_deterministic(hex(input))) << why;
    }
    EXPECT_TRUE(check_deterministic(hex("a26161004162f6").size() > 0 ? hex("a2416200616100") : Bytes{}));
}

TEST(CborDecoder, RefusesEveryPrefix) {
    const Bytes whole = Encoder().map(2).unsigned_int(1).bytes(Bytes(300)).unsigned_int(2).array(1).text("x").take();
    ASSERT_TRUE(check_deterministic(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(check_deterministic(ByteView(whole).first(size))) << size;
    }
}

TEST(CborDecoder, NamesTypeAndOffsetOfAMismatch) {
    const Bytes bytes = hex("820161");
    Decoder decoder(bytes);
    ASSERT_TRUE(decoder.array(2));
    auto wrong = decoder.bytes(10);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().to_string(), "expected a byte string at offset 1: malformed");
}

TEST(MapReader, WalksKeysAndRefusesDisorder) {
    const Bytes good = hex("a201050607");
    Decoder decoder(good);
    auto map = MapReader::open(decoder, "thing", 4);
    ASSERT_TRUE(map);
    EXPECT_EQ(map->next(), 1U);
    EXPECT_EQ(decoder.unsigned_int().value(), 5U);
    EXPECT_EQ(map->next(), 6U);
    EXPECT_EQ(decoder.unsigned_int().value(), 7U);
    EXPECT_FALSE(map->next());
    EXPECT_FALSE(map->error());

    const Bytes twice = hex("a201050107");
    Decoder second(twice);
    auto bad = MapReader::open(second, "thing", 4);
    ASSERT_TRUE(bad);
    EXPECT_TRUE(bad->next());
    EXPECT_TRUE(second.unsigned_int());
    EXPECT_FALSE(bad->next());
    ASSERT_TRUE(bad->error());
    EXPECT_EQ(bad->error()->to_string(), "thing: keys not in ascending order at key 1: malformed");

    Decoder third(good);
    EXPECT_FALSE(MapReader::open(third, "thing", 1));
}

}  // namespace
}  // namespace assay::cbor
