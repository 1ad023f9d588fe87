#include "ledger/core/anchor.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;

TEST(EpochRecord, TakesActiveNodesFromTheRegistry) {
    TestConsortium consortium;
    consortium.members[1].member.roles = static_cast<std::uint32_t>(Role::kSupplier);
    consortium.members[2].member.state = MemberState::kLeft;
    const EpochRecord record = first_epoch(consortium.chain_id, consortium.registry());
    ASSERT_EQ(record.members.size(), 2U);
    EXPECT_EQ(record.members[0].slot, 0);
    EXPECT_EQ(record.members[1].slot, 3);
    EXPECT_EQ(record.members[1].cosign, consortium.members[3].member.cosign);
    EXPECT_EQ(record.quorum, 2U);
    EXPECT_TRUE(record.previous.is_zero());
}

TEST(EpochRecord, ComesBackAsItWas) {
    const TestConsortium consortium;
    const EpochRecord record = first_epoch(consortium.chain_id, consortium.registry());
    const Bytes bytes = encode_epoch_record(record);
    EXPECT_EQ(decode_epoch_record(bytes).value(), record);
    test::expect_only_whole_input(bytes, decode_epoch_record);
}

TEST(EpochRecord, RefusesMembersThatCouldCountTwice) {
    const TestConsortium consortium;
    const EpochRecord record = first_epoch(consortium.chain_id, consortium.registry());
    const auto refused = [&](auto change) {
        EpochRecord changed = record;
        change(changed);
        return !decode_epoch_record(encode_epoch_record(changed));
    };
    EXPECT_TRUE(refused([](auto& r) { r.members[1].slot = 0; }));
    EXPECT_TRUE(refused([](auto& r) { std::swap(r.members[0], r.members[1]); }));
    EXPECT_TRUE(refused([](auto& r) { r.members[1].name = r.members[0].name; }));
    EXPECT_TRUE(refused([](auto& r) { r.members[1].cosign = r.members[0].cosign; }));
    EXPECT_TRUE(refused([](auto& r) { r.quorum = 2; }));
    EXPECT_TRUE(refused([](auto& r) { r.quorum = 4; }));
    EXPECT_TRUE(refused([](auto& r) { r.quorum = 0; }));
    EXPECT_TRUE(refused([](auto& r) { r.members.clear(); }));
}

TEST(Anchor, ComesBackAsItWas) {
    const Anchor anchor = TestConsortium().anchor();
    const Bytes bytes = encode_anchor(anchor);
    const auto decoded = decode_anchor(bytes);
    ASSERT_TRUE(decoded) << decoded.error().to_string();
    EXPECT_EQ(*decoded, anchor);
    test::expect_only_whole_input(bytes, decode_anchor);
}

TEST(Anchor, RefusesAnEpochOfAnotherChain) {
    Anchor anchor = TestConsortium().anchor();
    anchor.epoch.chain_id = {};
    EXPECT_TRUE(decode_anchor(encode_anchor(anchor)).error().is(Refusal::kChainIdMismatch));
}

}  // namespace
}  // namespace assay::ledger
