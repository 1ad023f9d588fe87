// Rules V1 to V4: what a member never signs, also after a crash, a lost disk or a restored backup.

#include "ledger/node/voter.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/members.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

ChainPoint point(BlockHeight height, unsigned char branch = 0) {
    ChainPoint out{height, {}};
    out.id.bytes.fill(std::byte{branch});
    out.id.bytes[0] = static_cast<std::byte>(height);
    return out;
}

class VoterTest : public testing::Test {
  protected:
    VoterTest() {
        chain_id.bytes.fill(std::byte{1});
        std::vector<Member> entries;
        for (const auto& member : members) entries.push_back(member.entry);
        epoch = Epoch::first(chain_id, Registry::make(std::move(entries)).value());
    }
    [[nodiscard]] std::filesystem::path file() const { return dir / "safety.votes"; }
    [[nodiscard]] Voter open(bool ledger_is_new = true) {
        return Voter::open(durable_file(file()), chain_id, 0, members[0].entry.vote, ledger_is_new)
            .value();
    }
    [[nodiscard]] Voter begun() {
        Voter voter = open();
        EXPECT_TRUE(voter.begin());
        return voter;
    }
    // Whether it votes from the block at `source` for that at `target`.
    bool votes(Voter& voter,
               BlockHeight source,
               BlockHeight target,
               unsigned char branch = 0,
               BlockHeight final_height = 0) {
        const VoteTarget wanted{point(target, branch), point(source), epoch};
        EXPECT_TRUE(voter.use(members[0].vote.public_key(), final_height, {}));
        const auto vote = voter.vote(wanted, final_height, members[0].vote);
        EXPECT_TRUE(vote.has_value()) << vote.error().to_string();
        if (!vote || !*vote) return false;
        EXPECT_TRUE(verify_vote(**vote, chain_id, members[0].entry.vote));
        EXPECT_EQ((*vote)->link, (VoteLink{point(source), point(target, branch)}));
        return true;
    }
    [[nodiscard]] Vote own_vote(BlockHeight source, BlockHeight target) const {
        Vote vote;
        vote.link = {point(source), point(target)};
        return vote;
    }

    test::TempDir dir;
    std::vector<test::TestMember> members = test::make_members(4);
    ChainId chain_id;
    std::shared_ptr<const Epoch> epoch;
};

TEST_F(VoterTest, V1OneVoteForAHeight) {
    Voter voter = begun();
    EXPECT_TRUE(votes(voter, 3, 5));
    EXPECT_FALSE(votes(voter, 3, 5)) << "said already";
    EXPECT_FALSE(votes(voter, 3, 5, 9)) << "another block";
    EXPECT_FALSE(votes(voter, 4, 5)) << "another source";
    EXPECT_TRUE(votes(voter, 5, 6));
    EXPECT_TRUE(votes(voter, 3, 4)) << "a free height below is as good";
}

TEST_F(VoterTest, V2NeitherAroundNorInsideAnOlderVote) {
    Voter voter = begun();
    EXPECT_TRUE(votes(voter, 5, 8));
    EXPECT_FALSE(votes(voter, 4, 9)) << "around it";
    EXPECT_FALSE(votes(voter, 6, 7)) << "inside it";
    EXPECT_TRUE(votes(voter, 5, 9));
    EXPECT_TRUE(votes(voter, 5, 7));
}

TEST_F(VoterTest, V3OnlyAboveTheFinalBlock) {
    Voter voter = begun();
    EXPECT_FALSE(votes(voter, 3, 5, 0, 5));
    EXPECT_FALSE(votes(voter, 3, 5, 0, 7));
    EXPECT_TRUE(votes(voter, 3, 5, 0, 4));
}

TEST_F(VoterTest, RemembersAcrossARestart) {
    {
        Voter voter = begun();
        ASSERT_TRUE(votes(voter, 5, 8));
    }
    Voter voter = open(false);
    EXPECT_EQ(voter.state(), VotingState::kOn);
    ASSERT_EQ(voter.votes().size(), 1U);
    EXPECT_EQ(voter.votes()[0].link, (VoteLink{point(5), point(8)}));
    EXPECT_FALSE(votes(voter, 5, 8, 9));
    EXPECT_FALSE(votes(voter, 4, 9));
    EXPECT_TRUE(votes(voter, 5, 9));
}

TEST_F(VoterTest, KeepsFloorsOfWhatItNoLongerRemembersOneByOne) {
    Voter voter = begun();
    for (BlockHeight height = 1; height <= kOwnVotesMax + 5; ++height) {
        ASSERT_TRUE(votes(voter, height - 1, height));
    }
    EXPECT_EQ(voter.votes().size(), kOwnVotesMax);
    EXPECT_EQ(voter.vote_floor(), 5U);
    EXPECT_FALSE(votes(voter, 2, 4, 9));
    EXPECT_FALSE(votes(voter, 3, 1'000)) << "around a vote that is remembered as a floor only";
    // What is final is forgotten too; the floors stay.
    ASSERT_TRUE(votes(voter, 299, 300, 0, 250));
    EXPECT_GE(voter.vote_floor(), 250U);
    voter = open(false);
    EXPECT_FALSE(votes(voter, 249, 250, 9));
}

TEST_F(VoterTest, SignsNothingThatItCouldNotWriteDown) {
    Voter voter = begun();
    std::filesystem::remove_all(dir.path());
    const VoteTarget wanted{point(5), point(3), epoch};
    EXPECT_FALSE(voter.vote(wanted, 0, members[0].vote).has_value());
    EXPECT_TRUE(voter.votes().empty());
}

TEST_F(VoterTest, V4IsSilentWhileItsRecordIsNew) {
    Voter voter = open();
    EXPECT_EQ(voter.state(), VotingState::kNew);
    EXPECT_FALSE(votes(voter, 3, 5));
    ASSERT_TRUE(voter.begin());
    EXPECT_TRUE(votes(voter, 3, 5));
}

TEST_F(VoterTest, V4IsSilentOnAnOldLedgerWithoutItsRecord) {
    Voter voter = open(false);
    EXPECT_EQ(voter.state(), VotingState::kOff);
    EXPECT_NE(voter.why_off().find("missing"), std::string::npos);
    ASSERT_TRUE(voter.begin());
    EXPECT_FALSE(votes(voter, 3, 5)) << "only an operator may end this";
    voter = open(false);
    EXPECT_FALSE(votes(voter, 3, 5)) << "nor does a restart";
    ASSERT_TRUE(voter.resume(1'005, 4));
    EXPECT_FALSE(votes(voter, 1'000, 1'005));
    EXPECT_FALSE(votes(voter, 3, 1'006));
    EXPECT_TRUE(votes(voter, 4, 1'006));
}

TEST_F(VoterTest, V4StopsWhenTheLedgerKnowsAVoteThatItsRecordLacks) {
    {
        Voter voter = begun();
        ASSERT_TRUE(votes(voter, 3, 5));
        ASSERT_TRUE(voter.on_own_vote(own_vote(3, 5)));
        EXPECT_EQ(voter.state(), VotingState::kOn) << "that one it knows";
    }
    const auto backup = read_file(file(), 100'000).value();
    {
        Voter voter = open(false);
        ASSERT_TRUE(votes(voter, 5, 6));
    }
    ASSERT_TRUE(write_file_durable(file(), backup));  // restored
    Voter voter = open(false);
    ASSERT_TRUE(voter.on_own_vote(own_vote(5, 6)));
    EXPECT_EQ(voter.state(), VotingState::kOff);
    EXPECT_FALSE(votes(voter, 5, 7));
    voter = open(false);
    EXPECT_EQ(voter.state(), VotingState::kOff);
    ASSERT_TRUE(voter.resume(1'010, 5));
    ASSERT_TRUE(voter.on_own_vote(own_vote(5, 6)));
    EXPECT_EQ(voter.state(), VotingState::kOn) << "below the floor it changes nothing";
}

TEST_F(VoterTest, VotesOnlyWithTheKeyThatTheEpochNames) {
    Voter voter = begun();
    const VoteTarget wanted{point(5), point(3), epoch};
    EXPECT_EQ(voter.vote(wanted, 0, members[1].vote).value(), std::nullopt);
    members.erase(members.begin());
    std::vector<Member> entries;
    for (const auto& member : members) entries.push_back(member.entry);
    const auto without = Epoch::first(chain_id, Registry::make(std::move(entries)).value());
    const VoteTarget foreign{point(5), point(3), without};
    EXPECT_EQ(voter.vote(foreign, 0, members[0].vote).value(), std::nullopt);
}

// What was lost or resumed binds the key that it was lost of; the one that replaces it starts
// afresh, and the old one stays bound, should a reorganisation bring it back.
TEST_F(VoterTest, AnotherVoteKeyIsNotBoundByTheFloorsOfTheOneBefore) {
    Voter voter = open(false);
    EXPECT_EQ(voter.state(), VotingState::kOff);
    const crypto::PrivateKey next = test::new_key();
    auto entries = std::vector<Member>();
    for (const auto& member : members) entries.push_back(member.entry);
    entries[0].vote = next.public_key();
    const auto later = Epoch::first(chain_id, Registry::make(std::move(entries)).value());
    const auto votes_anew = [&](Voter& by, BlockHeight source, BlockHeight target) {
        const VoteTarget wanted{point(target), point(source), later};
        EXPECT_TRUE(by.use(next.public_key(), 7, {}));
        return by.vote(wanted, 7, next).value().has_value();
    };
    EXPECT_FALSE(votes_anew(voter, 6, 7)) << "not below the final block";
    EXPECT_TRUE(votes_anew(voter, 6, 8));
    EXPECT_FALSE(votes_anew(voter, 6, 8));
    EXPECT_EQ(voter.state(), VotingState::kOn);
    EXPECT_FALSE(votes(voter, 6, 9)) << "the old key is as silent as it was";
    EXPECT_EQ(voter.state(), VotingState::kOff);
    ASSERT_TRUE(voter.resume(1'005, 4));
    voter = open(false);
    EXPECT_TRUE(votes_anew(voter, 8, 10));
    EXPECT_FALSE(votes(voter, 8, 1'005));
    EXPECT_TRUE(votes(voter, 10, 1'006));
}

TEST_F(VoterTest, TheNewKeyContradictsNothingThatIsRemembered) {
    Voter voter = begun();
    ASSERT_TRUE(votes(voter, 3, 5));
    const crypto::PrivateKey next = test::new_key();
    auto entries = std::vector<Member>();
    for (const auto& member : members) entries.push_back(member.entry);
    entries[0].vote = next.public_key();
    const auto later = Epoch::first(chain_id, Registry::make(std::move(entries)).value());
    EXPECT_FALSE(voter.vote({point(6), point(3), later}, 0, next).value()) << "not in use yet";
    ASSERT_TRUE(voter.use(next.public_key(), 0, {}));
    EXPECT_FALSE(voter.vote({point(5, 1), point(3), later}, 0, next).value());
    EXPECT_FALSE(voter.vote({point(6), point(2), later}, 0, next).value());
    EXPECT_TRUE(voter.vote({point(6), point(3), later}, 0, next).value());
}

// A backup of before the rotation is restored: the new key has voted, and the record knows nothing.
TEST_F(VoterTest, AKeyThatIsSaidToHaveVotedBeginsInSilence) {
    Voter voter = begun();
    const crypto::PrivateKey next = test::new_key();
    const Vote heard[] = {own_vote(3, 5)};
    ASSERT_TRUE(voter.use(next.public_key(), 5, heard));
    EXPECT_EQ(voter.state(), VotingState::kOn) << "not above the final block: it cannot matter";
    const crypto::PrivateKey after = test::new_key();
    ASSERT_TRUE(voter.use(after.public_key(), 4, heard));
    EXPECT_EQ(voter.state(), VotingState::kOff);
    voter = open(false);
    EXPECT_TRUE(voter.uses(after.public_key()));
    EXPECT_EQ(voter.state(), VotingState::kOff);
}

TEST_F(VoterTest, SignsOneRecordOfEachEpoch) {
    Voter voter = begun();
    Sha256Digest first, second;
    second.bytes.fill(std::byte{1});
    EXPECT_TRUE(voter.claim_epoch(1, first).value());
    EXPECT_TRUE(voter.claim_epoch(1, first).value());
    EXPECT_FALSE(voter.claim_epoch(1, second).value());
    voter = open(false);
    EXPECT_FALSE(voter.claim_epoch(1, second).value());
    EXPECT_TRUE(voter.claim_epoch(2, second).value());
}

TEST_F(VoterTest, RefusesARecordOfAnotherMemberOrLedgerOrNone) {
    { (void)begun(); }
    EXPECT_FALSE(Voter::open(durable_file(file()), chain_id, 1, members[1].entry.vote, false));
    EXPECT_FALSE(Voter::open(durable_file(file()), ChainId{}, 0, members[0].entry.vote, false));
    const auto good = read_file(file(), 100'000).value();
    test::expect_only_whole_input(good, [](ByteView b) { return decode_safety_record(b); });
    ASSERT_TRUE(write_file_durable(file(), ByteView(good).first(good.size() - 1)));
    const auto damaged =
        Voter::open(durable_file(file()), chain_id, 0, members[0].entry.vote, false);
    ASSERT_FALSE(damaged.has_value());
    EXPECT_NE(damaged.error().to_string().find("assay member resume"), std::string::npos);
}

}  // namespace
}  // namespace assay::ledger
