#include "ledger/core/compact_proof.hpp"

#include <gtest/gtest.h>

#include "ledger/core/fields.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

class CompactProof : public testing::Test {
  protected:
    CompactProof() {
        for (std::uint64_t i = 0; i < 20; ++i) log_.add(as_bytes(std::to_string(i)));
        note_ = log_.note(test::TestConsortium::kTime, {0, 1, 2});
        text_ = log_.prove(7, note_);
    }
    static Result<std::string> decode(ByteView bytes, std::string_view shared = {}) {
        return decode_whole(bytes, [shared](cbor::Decoder& decoder) {
            return decode_compact_proof(decoder, shared);
        });
    }

    test::TestConsortium consortium_;
    test::TestLog log_{consortium_};
    std::string note_;
    std::string text_;
};

TEST_F(CompactProof, ComesBackAsTheSameText) {
    const Bytes compact = encode_compact_proof(text_);
    EXPECT_EQ(decode(compact).value(), text_);
    EXPECT_LT(compact.size(), text_.size() * 3 / 4);
    test::expect_only_whole_input(compact, [](ByteView bytes) { return decode(bytes); });
}

TEST_F(CompactProof, LeavesOutACheckpointThatTheReaderHas) {
    const std::string other = log_.prove(8, note_);
    const Bytes compact = encode_compact_proof(other, note_);
    EXPECT_EQ(compact.size(), encode_compact_proof(other).size() -
                                  (encode_compact_proof(text_).size() -
                                   encode_compact_proof(text_, note_).size()));
    EXPECT_EQ(decode(compact, note_).value(), other);
    EXPECT_FALSE(decode(compact)) << "which checkpoint?";
    EXPECT_FALSE(decode(encode_compact_proof(other), note_)) << "said twice";
    const std::string later = log_.note(test::TestConsortium::kTime + 1, {0, 1, 2});
    EXPECT_EQ(decode(encode_compact_proof(log_.prove(8, later), note_), note_).value(),
              log_.prove(8, later));
}

// Each bit is one of the text, or makes another form of it or none.
TEST_F(CompactProof, HasOneFormForEachText) {
    Bytes bytes = encode_compact_proof(text_);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
        bytes[bit / 8] ^= mask;
        const auto text = decode(bytes);
        if (text) {
            EXPECT_NE(*text, text_) << bit;
            EXPECT_EQ(encode_compact_proof(*text), bytes) << bit;
        }
        bytes[bit / 8] ^= mask;
    }
}

TEST_F(CompactProof, RefusesTheNameOfTheLogSpeltOut) {
    const auto proof = parse_tlog_proof(text_);
    const auto note = parse_note(proof->checkpoint);
    const auto checkpoint = parse_checkpoint_text(note->text);
    const auto encoded = [&](bool spelt) {
        Bytes raw(note->signatures[0].key_id.begin(), note->signatures[0].key_id.end());
        append(raw, note->signatures[0].signature);
        cbor::Encoder out;
        out.array(3).unsigned_int(0).bytes({}).array(4).text(checkpoint->origin);
        out.unsigned_int(checkpoint->size).bytes(checkpoint->root.view()).array(1).array(2);
        if (spelt) {
            out.text(checkpoint->origin);
        } else {
            out.null();
        }
        return out.bytes(raw).take();
    };
    EXPECT_TRUE(decode(encoded(false)));
    EXPECT_FALSE(decode(encoded(true)));
}

}  // namespace
}  // namespace assay::ledger
