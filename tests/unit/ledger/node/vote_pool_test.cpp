#include "ledger/node/vote_pool.hpp"

#include <gtest/gtest.h>

#include "tests/support/members.hpp"

namespace assay::ledger {
namespace {

ChainPoint point(BlockHeight height, unsigned char branch = 0) {
    ChainPoint out{height, {}};
    out.id.bytes.fill(std::byte{branch});
    out.id.bytes[0] = static_cast<std::byte>(height);
    return out;
}

Vote vote(Slot slot, BlockHeight source, BlockHeight target, unsigned char branch = 0) {
    Vote out;
    out.slot = slot;
    out.link = {point(source), point(target, branch)};
    out.signature[0] = static_cast<std::byte>(slot + 1);
    return out;
}

std::shared_ptr<const Epoch> epoch_of(std::size_t nodes) {
    std::vector<Member> members;
    for (const auto& member : test::make_members(nodes)) members.push_back(member.entry);
    return Epoch::first(ChainId{}, Registry::make(std::move(members)).value());
}

TEST(VotePool, MakesACertificateOfAQuorumForOneLink) {
    const VoteTarget target{point(5), point(3), epoch_of(4)};
    VotePool pool;
    pool.add(vote(2, 3, 5));
    pool.add(vote(0, 3, 5));
    pool.add(vote(1, 2, 5));     // from another source
    pool.add(vote(3, 3, 5, 9));  // for another block
    pool.add(vote(7, 3, 5));     // by no node
    EXPECT_FALSE(pool.certificate_for(target));
    Vote other_epoch = vote(1, 3, 5);
    other_epoch.epoch = 1;
    pool.add(other_epoch);
    EXPECT_FALSE(pool.certificate_for(target));
    pool.add(vote(3, 3, 5));
    const auto certificate = pool.certificate_for(target);
    ASSERT_TRUE(certificate.has_value());
    EXPECT_EQ(certificate->link, (VoteLink{point(3), point(5)}));
    std::vector<Slot> slots;
    for (const auto& inside : certificate->votes) slots.push_back(inside.slot);
    EXPECT_EQ(slots, (std::vector<Slot>{0, 2, 3}));
    EXPECT_EQ(certificate->votes[1].signature, vote(2, 3, 5).signature);
}

TEST(VotePool, TakesAVoteOnceWhateverItsSignature) {
    VotePool pool;
    EXPECT_EQ(pool.add(vote(0, 3, 5)).added, VotePool::Added::kNew);
    Vote again = vote(0, 3, 5);
    again.signature[9] = std::byte{1};
    EXPECT_TRUE(pool.contains(again));
    EXPECT_EQ(pool.add(again).added, VotePool::Added::kKnown);
    EXPECT_EQ(pool.size(), 1U);
}

TEST(VotePool, NoticesWhoContradictsItself) {
    VotePool pool;
    pool.add(vote(0, 3, 5));
    EXPECT_FALSE(pool.add(vote(1, 3, 5, 9)).contradiction) << "another member may";
    EXPECT_FALSE(pool.add(vote(0, 5, 6)).contradiction);
    const auto twice = pool.add(vote(0, 3, 5, 9));
    EXPECT_EQ(twice.added, VotePool::Added::kNew) << "counted where it fits, and evidence";
    ASSERT_TRUE(twice.contradiction.has_value());
    EXPECT_EQ(twice.contradiction->first, vote(0, 3, 5));
    EXPECT_EQ(twice.contradiction->second, vote(0, 3, 5, 9));
    EXPECT_TRUE(pool.add(vote(0, 2, 9)).contradiction) << "around an older vote";
    EXPECT_EQ(pool.add(vote(0, 3, 5, 8)).added, VotePool::Added::kNoRoom);
}

TEST(VotePool, KeepsTheNewestHeightsOfASlotWithoutTouchingOthers) {
    VotePool pool;
    pool.add(vote(1, 0, 1));
    for (BlockHeight height = 1; height <= kVoteHeightsOfSlotMax + 10; ++height) {
        pool.add(vote(0, height - 1, height));
    }
    EXPECT_EQ(pool.size(), kVoteHeightsOfSlotMax + 1);
    EXPECT_TRUE(pool.contains(vote(1, 0, 1)));
    EXPECT_FALSE(pool.contains(vote(0, 9, 10)));
    EXPECT_TRUE(pool.contains(vote(0, 10, 11)));
}

TEST(VotePool, ForgetsWhatIsFinalAndTellsTheNewest) {
    VotePool pool;
    for (BlockHeight height = 1; height <= 6; ++height) {
        pool.add(vote(0, height - 1, height));
        pool.add(vote(1, height - 1, height));
    }
    pool.prune(4, 0);
    EXPECT_EQ(pool.size(), 4U);
    EXPECT_EQ(pool.targets_above(5), std::vector<ChainPoint>{point(6)});
    EXPECT_EQ(pool.targets_above(0).size(), 2U);
    pool.add(vote(2, 5, 1'000));  // for a block that nobody has
    pool.add(vote(2, 999, 1'001));
    const auto newest = pool.newest_of_each(1);
    ASSERT_EQ(newest.size(), 3U);
    EXPECT_EQ(newest[0], vote(0, 5, 6));
    EXPECT_EQ(newest[1], vote(1, 5, 6));
    EXPECT_EQ(newest[2].link.target.height, 1'001U);
    EXPECT_EQ(pool.of(1).size(), 2U);
}

}  // namespace
}  // namespace assay::ledger
