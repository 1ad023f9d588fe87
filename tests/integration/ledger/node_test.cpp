// Whole nodes in one process: real TLS sockets, real LevelDB, real proof of work, T = 1 s.

#include "ledger/node/node.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "ledger/core/checkpoint.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

using std::chrono::seconds;
using test::NodeFleet;

bool all_final(const NodeFleet& fleet, std::uint64_t size) {
    for (const auto& node : fleet.nodes) {
        if (node && (!node->checkpoint() || node->checkpoint()->size < size)) return false;
    }
    return true;
}

// What the members know, for a failure's message.
std::string describe(const NodeFleet& fleet) {
    std::string out;
    for (const auto& node : fleet.nodes) {
        if (node) out += boost::json::serialize(node->status()) + "\n";
    }
    return out;
}

bool all_connected(const NodeFleet& fleet, std::size_t peers) {
    for (const auto& node : fleet.nodes) {
        if (!node) continue;
        std::size_t connected = 0;
        const auto status = node->status();
        for (const auto& peer : status.at("peers").as_array()) {
            connected += peer.as_object().at("connected").as_bool() ? 1 : 0;
        }
        if (connected < peers) return false;
    }
    return true;
}

bool same_tip(const NodeFleet& fleet) {
    for (const auto& node : fleet.nodes) {
        if (node && node->chain().tip().id != fleet.nodes[0]->chain().tip().id) return false;
    }
    return true;
}

void expect_proves(const NodeFleet& fleet, const Node& node, ByteView tx) {
    const LeafHash leaf = crypto::leaf_hash(tx);
    const auto text = node.prove(leaf);
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    const auto proof = parse_tlog_proof(*text);
    ASSERT_TRUE(proof.has_value()) << proof.error().to_string();
    const auto epoch = first_epoch(fleet.chain_id, node.chain().registry());
    const auto counted = verify_checkpoint(proof->checkpoint, fleet.genesis.origin, epoch);
    ASSERT_TRUE(counted.has_value()) << counted.error().to_string();
    EXPECT_TRUE(crypto::verify_inclusion(leaf, proof->index, counted->checkpoint.size, proof->path,
                                         counted->checkpoint.root));
}

class Fleet : public testing::TestWithParam<std::pair<std::size_t, bool>> {};

TEST_P(Fleet, ATransactionBecomesFinalOnEveryMember) {
    const auto [count, retarget] = GetParam();
    NodeFleet fleet(count, retarget);
    fleet.start_all();
    ASSERT_TRUE(fleet.run_until([&] { return all_connected(fleet, count - 1); }));
    const Bytes tx = fleet.policy_tx();
    const auto submitted = fleet.nodes[count - 1]->submit(tx);
    ASSERT_TRUE(submitted.has_value()) << submitted.error().to_string();
    const auto early = fleet.nodes[0]->prove(crypto::leaf_hash(tx));
    EXPECT_FALSE(early.has_value()) << "nothing is final yet";

    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 1); })) << describe(fleet);
    EXPECT_TRUE(fleet.run_until([&] { return same_tip(fleet); })) << describe(fleet);
    for (const auto& node : fleet.nodes) {
        expect_proves(fleet, *node, tx);
        EXPECT_EQ(node->status().at("refused_peers").as_object().at("count").to_number<int>(), 0);
        EXPECT_EQ(node->status().at("misbehaviour").as_object().at("count").to_number<int>(), 0);
    }
    EXPECT_TRUE(fleet.nodes[0]->submit(tx).error().is(Refusal::kDuplicateTransaction));
}
INSTANTIATE_TEST_SUITE_P(Members,
                         Fleet,
                         testing::Values(std::pair(1U, false),
                                         std::pair(2U, false),
                                         std::pair(4U, false),
                                         std::pair(4U, true)));

TEST(Node, AnIdleChainMinesNothing) {
    NodeFleet fleet(2);
    fleet.start_all();
    fleet.run_for(seconds{3});
    for (const auto& node : fleet.nodes) {
        EXPECT_EQ(node->chain().tip().height, 0U);
        const auto mining = node->status().at("mining").as_object();
        EXPECT_EQ(mining.at("hashes").to_number<int>(), 0);
        EXPECT_EQ(mining.at("blocks").to_number<int>(), 0);
    }
    ASSERT_TRUE(fleet.nodes[0]->submit(fleet.policy_tx()).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 1); })) << describe(fleet);
    const auto height = fleet.nodes[0]->chain().tip().height;
    fleet.run_for(seconds{3});
    EXPECT_LE(fleet.nodes[0]->chain().tip().height, height + 1) << "it falls silent again";
}

TEST(Node, AMemberThatStartsLateSyncsAndTakesPart) {
    NodeFleet fleet(4);
    for (std::size_t i = 0; i < 3; ++i) fleet.start(i);
    const Bytes first = fleet.policy_tx(1);
    ASSERT_TRUE(fleet.nodes[0]->submit(first).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 1); })) << describe(fleet);

    fleet.start(3);
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 1); })) << describe(fleet);
    expect_proves(fleet, *fleet.nodes[3], first);
    const Bytes second = fleet.policy_tx(2);
    ASSERT_TRUE(fleet.nodes[3]->submit(second).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 2); })) << describe(fleet);
    expect_proves(fleet, *fleet.nodes[1], second);
}

TEST(Node, ARestartKeepsEverything) {
    NodeFleet fleet(2);
    fleet.start_all();
    const Bytes tx = fleet.policy_tx();
    ASSERT_TRUE(fleet.nodes[0]->submit(tx).has_value());
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 1); })) << describe(fleet);
    const ChainTip tip = fleet.nodes[0]->chain().tip();
    fleet.stop(0);
    fleet.stop(1);

    fleet.start(0);
    EXPECT_GE(fleet.nodes[0]->chain().tip().height, tip.height);
    expect_proves(fleet, *fleet.nodes[0], tx);
    EXPECT_TRUE(fleet.nodes[0]->submit(tx).error().is(Refusal::kDuplicateTransaction));

    const Bytes next = fleet.policy_tx(2);
    ASSERT_TRUE(fleet.nodes[0]->submit(next).has_value());
    fleet.stop(0);
    fleet.start(0);
    EXPECT_TRUE(fleet.nodes[0]->submit(next).error().is(Refusal::kDuplicateTransaction))
        << "what was accepted is not forgotten";
    fleet.start(1);
    ASSERT_TRUE(fleet.run_until([&] { return all_final(fleet, 2); })) << describe(fleet);
}

TEST(Node, KeepsOneConnectionPerPairTheOneTheLowerSlotDialled) {
    NodeFleet fleet(3);
    fleet.start_all();
    const auto settled = [&] {
        for (std::size_t i = 0; i < 3; ++i) {
            const auto status = fleet.nodes[i]->status();
            for (const auto& peer : status.at("peers").as_array()) {
                const auto* outbound = peer.as_object().if_contains("outbound");
                const bool lower = i < peer.as_object().at("slot").to_number<std::size_t>();
                if (outbound == nullptr || outbound->as_bool() != lower) return false;
            }
        }
        return true;
    };
    ASSERT_TRUE(fleet.run_until(settled)) << describe(fleet);
    fleet.run_for(seconds{2});
    EXPECT_TRUE(settled()) << "and it stays so: " << describe(fleet);
}

TEST(Node, MembersFindEachOtherAgainAfterARestart) {
    NodeFleet fleet(2);
    fleet.start_all();
    for (const std::size_t restarted : {0U, 1U}) {
        ASSERT_TRUE(fleet.run_until([&] { return all_connected(fleet, 1); }, seconds{30}));
        fleet.stop(restarted);
        ASSERT_TRUE(fleet.run_until([&] { return !all_connected(fleet, 1); }));
        fleet.start(restarted);
    }
    ASSERT_TRUE(fleet.run_until([&] { return all_connected(fleet, 1); }, seconds{30}));
}

TEST(Node, RefusesKeysThatTheGenesisDoesNotName) {
    NodeFleet fleet(2);
    NodeOptions options(fleet.dir / "x", fleet.genesis_bytes, consortium_rules(), fleet.keys(1));
    options.keys.slot = 0;
    const auto node = Node::create(fleet.io.get_executor(), std::move(options));
    ASSERT_FALSE(node.has_value());
    EXPECT_TRUE(node.error().is(Refusal::kSignerUnknown)) << node.error().to_string();
}

}  // namespace
}  // namespace assay::ledger
