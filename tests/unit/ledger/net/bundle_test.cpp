#include "ledger/net/bundle.hpp"

#include <gtest/gtest.h>

#include "tests/support/chain_builder.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

// What the last part of a real ledger's bundle holds.
BundlePart sample() {
    const test::Founders founders(4);
    const test::TempDir dir;
    const auto chain = founders.open(dir / "chain");
    std::uint32_t now = founders.genesis.time + 1;
    EXPECT_TRUE(chain->accept_transaction(test::make_policy_tx(founders.chain_id, founders.members[0])));
    EXPECT_FALSE(founders.extend_and_vote(*chain, now).empty());
    BundlePart part;
    part.chain_id = founders.chain_id;
    part.first = 1;
    part.is_last = true;
    part.blocks = {chain->block(chain->tip().id).value()};
    part.certificates = chain->newest_certificates();
    EXPECT_FALSE(part.certificates.empty());
    part.checkpoint = "some.example\n1\n";
    part.transactions = {to_bytes("one"), to_bytes("two")};
    return part;
}

std::string word(const Bytes& bytes) {
    const auto part = decode_bundle_part(bytes);
    return part ? "accepted" : part.error().code().message();
}

TEST(Bundle, ComesBackAsItWas) {
    const BundlePart part = sample();
    const Bytes bytes = encode_bundle_part(part);
    EXPECT_EQ(bundle_part_bytes(bytes).value(), bytes.size());
    const auto decoded = decode_bundle_part(bytes);
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    EXPECT_EQ(*decoded, part);
    BundlePart nothing_new;
    nothing_new.is_last = true;
    EXPECT_EQ(decode_bundle_part(encode_bundle_part(nothing_new)).value(), nothing_new);
}

TEST(Bundle, NoBitMayChangeAndNoByteMayLack) {
    const Bytes bytes = encode_bundle_part(sample());
    test::expect_only_whole_input(bytes, decode_bundle_part);
    test::expect_every_bit_counts(
        bytes, [](ByteView part) { return decode_bundle_part(part).has_value(); }, 9);
}

TEST(Bundle, OnlyTheLastPartHoldsMoreThanBlocks) {
    BundlePart part = sample();
    part.is_last = false;
    EXPECT_EQ(word(encode_bundle_part(part)), "malformed");
    part.certificates.clear();
    part.checkpoint.clear();
    part.transactions.clear();
    EXPECT_EQ(word(encode_bundle_part(part)), "accepted");
    part.blocks.clear();
    EXPECT_EQ(word(encode_bundle_part(part)), "malformed") << "it would never end";
}

TEST(Bundle, ItsLengthIsCheckedBeforeAnythingIsReserved) {
    Bytes head = to_bytes("ASSAYBN1");
    head.insert(head.end(), 4, std::byte{0xff});
    EXPECT_TRUE(bundle_part_bytes(head).error().is(Refusal::kLimitExceeded));
    head[7] = std::byte{'2'};
    EXPECT_TRUE(bundle_part_bytes(head).error().is(Refusal::kUnknownVersion));
    EXPECT_TRUE(bundle_part_bytes(ByteView(head).first(11)).error().is(Refusal::kMalformed));
}

}  // namespace
}  // namespace assay::ledger
