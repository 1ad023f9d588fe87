#include "ledger/core/note.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/signature.hpp"
#include "tests/support/decoder_checks.hpp"

namespace assay::ledger {
namespace {

// The example of golang.org/x/mod/sumdb/note, whose key is
// "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".
constexpr std::string_view kGoNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(Note, ReadsWhatGoWrites) {
    const auto note = parse_note(kGoNote);
    ASSERT_TRUE(note) << note.error().to_string();
    ASSERT_EQ(note->signatures.size(), 1U);
    EXPECT_EQ(note->signatures[0].name, "PeterNeumann");
    EXPECT_EQ(to_hex(note->signatures[0].key_id), "c74f20a3");
    EXPECT_EQ(to_string(*note), kGoNote);
    const Bytes key = from_base64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").value();
    EXPECT_EQ(note_key_id("PeterNeumann", 1, ByteView(key).subspan(1)), note->signatures[0].key_id);
    const auto public_key =
        crypto::parse_public_key(crypto::Algorithm::kEd25519, ByteView(key).subspan(1)).value();
    EXPECT_TRUE(crypto::verify(public_key, as_bytes(note->text), note->signatures[0].signature));
}

TEST(Note, IsOnlyItsWholeText) {
    test::expect_only_whole_input(as_bytes(kGoNote),
                                  [](ByteView bytes) { return parse_note(as_text(bytes)); });
}

TEST(Note, TakesTheLastBlankLineAsTheEndOfTheText) {
    const auto note = parse_note("a\n\nb\n\n\xe2\x80\x94 k AAAAAAA=\n");
    ASSERT_TRUE(note);
    EXPECT_EQ(note->text, "a\n\nb\n");
}

TEST(Note, RefusesWhatIsNotOne) {
    const std::string_view sig = "\xe2\x80\x94 name AAAAAAA=\n";
    const std::string inputs[] = {
        "",
        "text\n",
        "text\n\n",
        "text\n\nno dash AAAAAAA=\n",
        "text\n\n- name AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 AAAAAAA=\n",
        "text\n\n\xe2\x80\x94  AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 na+me AAAAAAA=\n",
        "text\n\n\xe2\x80\x94 name AAAAAAA\n",
        "text\n\n\xe2\x80\x94 name AAAAAA==\n",
        "text\n\n\xe2\x80\x94 name AAAAAAA= x\n",
        "te\rxt\n\n" + std::string(sig),
        "te\xffxt\n\n" + std::string(sig),
        "text\n\n" + std::string(sig) + "\n",
    };
    for (const std::string& input : inputs) EXPECT_FALSE(parse_note(input)) << input;
    EXPECT_TRUE(parse_note("text\n\n" + std::string(sig)));
}

TEST(Note, HasBounds) {
    std::string many = "text\n\n";
    for (std::size_t i = 0; i < kNoteSignaturesMax; ++i) many += "\xe2\x80\x94 name AAAAAAA=\n";
    EXPECT_TRUE(parse_note(many));
    EXPECT_TRUE(
        parse_note(many + "\xe2\x80\x94 name AAAAAAA=\n").error().is(Refusal::kLimitExceeded));
    const std::string large(kNoteBytesMax, 'a');
    EXPECT_TRUE(parse_note(large + "\n\n").error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::ledger
