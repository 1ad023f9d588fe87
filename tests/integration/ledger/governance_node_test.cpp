// The members of a ledger change while it runs: whole nodes in one process, as in node_test.cpp.

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "ledger/core/governance_state.hpp"
#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

using test::NodeFleet;
using test::TestMember;

class GovernedFleet {
  public:
    explicit GovernedFleet(std::size_t count) : fleet{count} {}

    [[nodiscard]] Bytes root_signed(std::size_t by,
                                    TxType type,
                                    ByteView encoded,
                                    const std::string& subject) const {
        const TestMember& member = fleet.members[by];
        TxBody body;
        body.type = type;
        body.chain_id = fleet.chain_id;
        body.slot = member.entry.slot;
        body.valid_until = 1'000;
        body.body = encoded;
        return test::sign(body, member, subject, member.root);
    }
    [[nodiscard]] Bytes rotate(std::size_t by,
                               KeyPurpose purpose,
                               const crypto::PrivateKey& key) const {
        RegistryChange change;
        change.kind = ChangeKind::kRotateKey;
        change.slot = fleet.members[by].entry.slot;
        change.purpose = purpose;
        EXPECT_TRUE(sign_rotation(change, fleet.chain_id, key));
        return root_signed(by, TxType::kRotateKey, encode_change(change), rotation_subject(change));
    }
    [[nodiscard]] Bytes revoke(std::size_t by, std::uint64_t since) const {
        const KeyRevocation revocation{crypto::key_id(fleet.members[by].entry.tx), since};
        return root_signed(by, TxType::kRevokeKey, encode_revocation(revocation),
                           subject_of(revocation));
    }
    [[nodiscard]] bool all_in_epoch(std::uint32_t number) const {
        return all([number](const Node& node) { return node.chain().epoch().number() == number; });
    }
    [[nodiscard]] bool all_final(std::uint64_t size) const {
        return all([size](const Node& node) {
            return node.checkpoint() && node.checkpoint()->size >= size;
        });
    }
    [[nodiscard]] std::string describe() const {
        std::string out;
        for (const auto& node : fleet.nodes) {
            if (node) out += boost::json::serialize(node->status()) + "\n";
        }
        return out;
    }

    NodeFleet fleet;

  private:
    template <typename Holds>
    [[nodiscard]] bool all(Holds holds) const {
        for (const auto& node : fleet.nodes) {
            if (node && !holds(*node)) return false;
        }
        return true;
    }
};

TEST(GovernedNodes, AVoteKeyIsReplacedByAnEpochAndUsedFromThenOn) {
    GovernedFleet governed(4);
    NodeFleet& fleet = governed.fleet;
    fleet.start_all();
    const auto next_vote = test::new_key();
    const auto submitted =
        fleet.nodes[1]->submit(governed.rotate(1, KeyPurpose::kVote, next_vote));
    ASSERT_TRUE(submitted.has_value()) << submitted.error().to_string();
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_in_epoch(1); }))
        << governed.describe();
    for (const auto& node : fleet.nodes) {
        EXPECT_EQ(node->chain().registry().find(1)->vote, next_vote.public_key());
    }
    // The epoch itself becomes final, without member 1, whose node still has the old key.
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_final(2); }))
        << governed.describe();

    const auto refused = fleet.nodes[1]->submit(governed.revoke(1, 0));
    ASSERT_FALSE(refused.has_value()) << "entry 0 was final";
    EXPECT_TRUE(refused.error().is(Refusal::kRevocationBackdated)) << refused.error().to_string();

    // With member 3 away a quorum needs member 1 and its new key.
    fleet.stop(3);
    fleet.stop(1);
    fleet.next_vote.emplace(1, test::copy_of(next_vote));
    fleet.start(1);
    ASSERT_TRUE(fleet.nodes[0]->submit(fleet.policy_tx()).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_final(3); }))
        << governed.describe();
}

TEST(GovernedNodes, AMemberJoins) {
    GovernedFleet governed(5);
    NodeFleet& fleet = governed.fleet;
    fleet.genesis.members.pop_back();
    fleet.genesis_bytes = encode_genesis(fleet.genesis);
    fleet.chain_id = chain_id_of(fleet.genesis_bytes);
    for (std::size_t i = 0; i < 4; ++i) fleet.start(i);

    const TestMember& newcomer = fleet.members[4];
    Proposal proposal;
    proposal.change.kind = ChangeKind::kAddMember;
    proposal.change.card = make_member_card(newcomer.entry, newcomer.root).value();
    proposal.expires = 900;
    const Bytes propose =
        governed.root_signed(0, TxType::kPropose, encode_proposal(proposal), subject_of(proposal));
    ASSERT_TRUE(fleet.nodes[0]->submit(propose).has_value());
    const auto leaf = crypto::leaf_hash(propose);
    for (std::size_t i = 1; i < 3; ++i) {
        const Bytes approve = governed.root_signed(i, TxType::kApprove, encode_approval(leaf),
                                                   approval_subject(leaf));
        ASSERT_TRUE(fleet.nodes[0]->submit(approve).has_value());
    }
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_in_epoch(1); }))
        << governed.describe();
    EXPECT_EQ(fleet.nodes[0]->chain().epoch().node_count(), 5U);
    ASSERT_NE(fleet.nodes[0]->chain().registry().find_by_name("m4"), nullptr);

    fleet.start(4);
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_in_epoch(1); }))
        << governed.describe();
    // What it submits becomes final on every member, itself included.
    const Bytes tx = fleet.policy_tx();
    ASSERT_TRUE(fleet.nodes[4]->submit(tx).has_value());
    const auto is_final_everywhere = [&] {
        return std::ranges::all_of(fleet.nodes, [&](const auto& node) {
            return node->prove(crypto::leaf_hash(tx)).has_value();
        });
    };
    ASSERT_TRUE(fleet.run_until(is_final_everywhere)) << governed.describe();

    // Of five nodes four make a quorum: with one of the first four away, it takes the newcomer.
    fleet.stop(2);
    ASSERT_TRUE(fleet.nodes[4]->submit(fleet.policy_tx(2)).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return governed.all_final(6); })) << governed.describe();
}

}  // namespace
}  // namespace assay::ledger
