// The record of an anchor, and rules R15 to R17.

#include "ledger/core/ledger_anchor.hpp"

#include <gtest/gtest.h>

#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/consortium_state.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kGateways = "test.example/gateway";

class LedgerAnchorTest : public testing::Test {
  protected:
    // Of the log that grew to `size` entries, at that height.
    [[nodiscard]] LedgerAnchor anchor(BlockHeight height, std::uint64_t size) {
        while (log_.checkpoint().size < size) log_.add(as_bytes("batch"));
        return make_ledger_anchor(chain_, height, BlockId{}, log_.note()).value();
    }
    [[nodiscard]] Bytes sign(const LedgerAnchor& record, Slot by, BlockHeight valid_until) const {
        return sign(record, by, valid_until, subject_of(record), consortium_.members.at(by).tx);
    }
    [[nodiscard]] Bytes sign(const LedgerAnchor& record,
                             Slot by,
                             BlockHeight valid_until,
                             const std::string& subject,
                             const crypto::PrivateKey& key) const {
        const Bytes encoded = encode_ledger_anchor(record);
        TxBody body;
        body.type = TxType::kAnchor;
        body.chain_id = consortium_.chain_id;
        body.slot = by;
        body.valid_until = valid_until;
        body.body = encoded;
        const crypto::PrivateKey* const keys[] = {&key};
        return sign_transaction(body, {consortium_.members.at(by).member.name, subject, keys}).value();
    }
    std::string offer(const Bytes& bytes, BlockHeight height = 1) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = consortium_.registry();
        const TxContext context{height, registry, consortium_.chain_id, 0};
        const auto checked = consortium_rules().check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        consortium_rules().apply(tx, index_++, state_);
        return "accepted";
    }

    test::TestConsortium consortium_;
    test::TestLog log_{consortium_, std::string(kGateways)};
    ChainId chain_ = crypto::sha256(as_bytes("gateway chain")).as<ChainId>();
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    LogIndex index_ = 0;
};

TEST_F(LedgerAnchorTest, ComesBackAsItWas) {
    const LedgerAnchor record = anchor(7, 3);
    EXPECT_EQ(record.log, log_.checkpoint());
    EXPECT_EQ(record.checkpoint, log_.note()) << "every signature has room";
    const Bytes bytes = encode_ledger_anchor(record);
    EXPECT_EQ(decode_ledger_anchor(bytes).value(), record);
    test::expect_only_whole_input(bytes, decode_ledger_anchor);
    EXPECT_EQ(subject_of(record), "anchor/" + to_hex(chain_.view()) + "/7");
}

TEST_F(LedgerAnchorTest, KeepsTheSignaturesThatHaveRoom) {
    log_.add(as_bytes("batch"));
    Note note = parse_note(log_.note()).value();
    while (note.signatures.size() < 30) note.signatures.push_back(note.signatures.back());
    const auto record = make_ledger_anchor(chain_, 7, BlockId{}, to_string(note)).value();
    const auto kept = parse_note(record.checkpoint).value().signatures;
    EXPECT_GE(kept.size(), 5U);
    EXPECT_LT(kept.size(), 30U);
    EXPECT_EQ(kept.front(), note.signatures.front()) << "the log's own";
    const Bytes bytes = encode_ledger_anchor(record);
    EXPECT_LE(bytes.size(), kLedgerAnchorBytesMax);
    EXPECT_EQ(decode_ledger_anchor(bytes).value(), record);
}

TEST_F(LedgerAnchorTest, WhatNamesNoSignedLogIsNone) {
    LedgerAnchor record = anchor(7, 3);
    const auto refused = [](const LedgerAnchor& changed) {
        return !decode_ledger_anchor(encode_ledger_anchor(changed));
    };
    record.height = 0;
    EXPECT_TRUE(refused(record));
    record = anchor(7, 3);
    record.checkpoint = checkpoint_text(record.log) + "\n";
    EXPECT_TRUE(refused(record)) << "nobody signed it";
    record.checkpoint = "anything";
    EXPECT_TRUE(refused(record));
    record.checkpoint = std::string(kLedgerAnchorBytesMax, 'x');
    EXPECT_EQ(decode_ledger_anchor(encode_ledger_anchor(record)).error().code(),
              make_error_code(Refusal::kLimitExceeded));
    EXPECT_FALSE(make_ledger_anchor(chain_, 7, BlockId{}, "anything"));
    EXPECT_FALSE(make_ledger_anchor(chain_, 7, BlockId{},
                                    test::TestLog(consortium_, std::string(kGateways)).note()))
        << "of an empty log";
}

TEST_F(LedgerAnchorTest, R1SubjectsSayWhatTheBodySays) {
    EXPECT_EQ(offer(sign(anchor(7, 3), 2, 30, "anchor/x/7", consortium_.members[2].tx)), "malformed");
}

TEST_F(LedgerAnchorTest, R15AGatewaySignsItWithItsTxKey) {
    const LedgerAnchor record = anchor(7, 3);
    EXPECT_EQ(offer(sign(record, 0, 30)), "signer-not-permitted");
    EXPECT_EQ(offer(sign(record, 2, 30, subject_of(record), consortium_.members[3].tx)),
              "signer-unknown");
    EXPECT_EQ(offer(sign(record, 2, 30, subject_of(record), consortium_.members[2].root)),
              "signer-unknown");
    EXPECT_EQ(offer(sign(record, 2, 30)), "accepted");
    EXPECT_EQ(newest_anchor(state_, chain_, 2)->anchor, record);
    EXPECT_FALSE(newest_anchor(state_, chain_, 3));
}

TEST_F(LedgerAnchorTest, R16AGatewaysAnchorsGoOnFromItsLast) {
    const LedgerAnchor small = anchor(6, 2);
    LedgerAnchor forked = anchor(9, 3);
    ASSERT_EQ(offer(sign(anchor(7, 3), 2, 10)), "accepted");
    EXPECT_EQ(offer(sign(anchor(7, 3), 2, 14)), "anchor-out-of-order") << "the same height";
    EXPECT_EQ(offer(sign(small, 2, 14)), "anchor-out-of-order");
    LedgerAnchor shrunk = small;
    shrunk.height = 8;
    EXPECT_EQ(offer(sign(shrunk, 2, 14)), "anchor-out-of-order") << "the log has become smaller";
    forked.log.root = crypto::leaf_hash(as_bytes("another past"));
    forked.checkpoint =
        to_string(Note{checkpoint_text(forked.log), parse_note(log_.note()).value().signatures});
    EXPECT_EQ(offer(sign(forked, 2, 14)), "anchor-out-of-order") << "another log of that size";
    // What one gateway says binds no other: a liar cannot keep the others from it.
    EXPECT_EQ(offer(sign(small, 3, 10)), "accepted");
    EXPECT_EQ(offer(sign(anchor(9, 3), 2, 14)), "accepted") << "nothing new, but higher";
    EXPECT_EQ(offer(sign(anchor(10, 5), 2, 18)), "accepted");

    EXPECT_EQ(newest_anchor(state_, chain_, 2)->anchor.height, 10U);
    std::vector<BlockHeight> heights;
    for (const AnchorEntry& entry : anchors_of(state_, chain_)) {
        heights.push_back(entry.anchor.height);
        EXPECT_EQ(entry.slot, entry.anchor.height == 6 ? 3 : 2);
    }
    EXPECT_EQ(heights, (std::vector<BlockHeight>{10, 6, 9})) << "of each gateway the last two";
    EXPECT_TRUE(anchors_of(state_, ChainId{}).empty());
}

TEST_F(LedgerAnchorTest, R16AnchorsOfAnotherLedgerBeginAnew) {
    ASSERT_EQ(offer(sign(anchor(7, 3), 2, 10)), "accepted");
    chain_ = crypto::sha256(as_bytes("founded again")).as<ChainId>();
    EXPECT_EQ(offer(sign(anchor(1, 3), 2, 14)), "accepted");
}

TEST_F(LedgerAnchorTest, R17AGatewayCannotFillTheLedger) {
    EXPECT_EQ(offer(sign(anchor(7, 3), 2, 100 + kAnchorValidityBlocks + 1), 100), "anchor-too-often")
        << "it would wait too long";
    ASSERT_EQ(offer(sign(anchor(7, 3), 2, 110), 100), "accepted");
    EXPECT_EQ(offer(sign(anchor(8, 4), 2, 112), 100), "anchor-too-often");
    chain_ = crypto::sha256(as_bytes("another")).as<ChainId>();
    EXPECT_EQ(offer(sign(anchor(8, 4), 2, 112), 100), "anchor-too-often") << "of whatever ledger";
    EXPECT_EQ(last_anchor_valid_until(state_, 2), 110U);
    EXPECT_FALSE(last_anchor_valid_until(state_, 3));
    // However it chooses: with `height` standing still, no more than these.
    int accepted = 0;
    for (BlockHeight valid_until = 101; valid_until < 200; ++valid_until) {
        const auto height = static_cast<BlockHeight>(8 + accepted);
        if (offer(sign(anchor(height, 4), 2, valid_until), 100) == "accepted") ++accepted;
    }
    EXPECT_EQ(accepted, 7) << "valid until 113, 116, 119, 122, 125, 128, 131";
    EXPECT_EQ(offer(sign(anchor(7, 3), 3, 110), 100), "accepted") << "another gateway";
}

}  // namespace
}  // namespace assay::ledger
