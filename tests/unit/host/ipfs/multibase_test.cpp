#include "host/ipfs/multibase.hpp"

#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/fixtures.hpp"

namespace assay::ipfs {
namespace {

// Rows of multiformats/multibase test files: `encoding, "text"`, headed by the plain text.
struct MultibaseFile {
    explicit MultibaseFile(const std::filesystem::path& path) {
        std::ifstream in(path);
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line)) {
            const auto comma = line.find(',');
            const auto quote = line.find('"');
            rows.emplace_back(line.substr(0, comma),
                              line.substr(quote + 1, line.rfind('"') - quote - 1));
        }
    }
    std::vector<std::pair<std::string, std::string>> rows;
};

const std::set<std::string> kKnown = {"base16", "base16upper", "base32",   "base32upper",
                                      "base36", "base36upper", "base58btc"};

void expect_all_decode_to(const std::filesystem::path& path, std::string_view plain) {
    std::size_t known = 0;
    for (const auto& [name, text] : MultibaseFile(path).rows) {
        const auto bytes = decode_multibase(text);
        if (!kKnown.contains(name)) {
            EXPECT_FALSE(bytes) << name;
            continue;
        }
        ++known;
        ASSERT_TRUE(bytes) << name << ": " << bytes.error().to_string();
        EXPECT_EQ(as_text(*bytes), plain) << name;
    }
    EXPECT_GE(known, 6U);
}

TEST(Multibase, DecodesTheFilesOfTheSpecification) {
    using namespace std::string_view_literals;
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/multiformats");
    expect_all_decode_to(folder / "basic.csv", "yes mani !");
    expect_all_decode_to(folder / "leading_zero.csv", "\0yes mani !"sv);
    expect_all_decode_to(folder / "two_leading_zeros.csv", "\0\0yes mani !"sv);
    expect_all_decode_to(folder / "case_insensitivity.csv", "hello world");
}

// The rows of basic.csv and two_leading_zeros.csv for the bases that we write.
TEST(Multibase, EncodesAsTheSpecification) {
    const ByteView plain = as_bytes("yes mani !");
    EXPECT_EQ(encode_multibase(Base::kBase16, plain), "f796573206d616e692021");
    EXPECT_EQ(encode_multibase(Base::kBase32, plain), "bpfsxgidnmfxgsibb");
    EXPECT_EQ(encode_multibase(Base::kBase36, plain), "k2lcpzo5yikidynfl");
    EXPECT_EQ(encode_multibase(Base::kBase58Btc, plain), "z7paNL19xttacUY");
    const ByteView zeros = as_bytes(std::string_view("\0\0yes mani !", 12));
    EXPECT_EQ(encode_multibase(Base::kBase32, zeros), "baaahszltebwwc3tjeaqq");
    EXPECT_EQ(encode_multibase(Base::kBase36, zeros), "k002lcpzo5yikidynfl");
    EXPECT_EQ(encode_multibase(Base::kBase58Btc, zeros), "z117paNL19xttacUY");
}

TEST(Multibase, EveryLengthComesBack) {
    Bytes bytes;
    for (int i = 0; i < 40; ++i) {
        for (const Base base : {Base::kBase16, Base::kBase32, Base::kBase36, Base::kBase58Btc}) {
            EXPECT_EQ(decode_multibase(encode_multibase(base, bytes)), bytes);
        }
        bytes.push_back(static_cast<std::byte>(i * 37));
    }
}

TEST(Multibase, RefusesForeignDigitsPaddingAndLeftOverBits) {
    for (const char* text : {"", "x", "b1", "bab=", "f0", "fg0", "z0", "zO", "k-", "mYQ",
                             "baf",   // second digit has a bit beyond the byte
                             "bqqq",  // a digit too many
                             "b a"}) {
        EXPECT_FALSE(decode_multibase(text)) << text;
    }
}

TEST(Multibase, RefusesLongTextBeforeWork) {
    const std::string text = "z" + std::string(100'000, '2');
    const auto bytes = decode_multibase(text);
    ASSERT_FALSE(bytes);
    EXPECT_TRUE(bytes.error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::ipfs
