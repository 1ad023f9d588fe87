// Bundles between whole nodes that no network joins.

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include "ledger/core/tlog_proof.hpp"
#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

using test::NodeFleet;

// One member is the consortium. Its other node, at the site, neither mines nor talks to anybody.
class Bundles : public testing::Test {
  protected:
    Bundles() : fleet{1} { fleet.start(0); }

    // The parts of a bundle of everything from `since` on.
    [[nodiscard]] std::vector<Bytes> write(const Node& from, BlockHeight since) const {
        std::vector<Bytes> parts;
        for (;;) {
            const auto bytes = from.write_bundle_part(since);
            EXPECT_TRUE(bytes) << bytes.error().to_string();
            parts.push_back(*bytes);
            const auto part = decode_bundle_part(*bytes).value();
            since += static_cast<BlockHeight>(part.blocks.size());
            if (part.is_last) return parts;
        }
    }

    NodeFleet fleet;
};

TEST_F(Bundles, CarryTheLedgerItsFinalityAndWhatWaitsToASiteWithoutNetwork) {
    Node& there = *fleet.nodes[0];
    const Bytes first = fleet.policy_tx(1);
    ASSERT_TRUE(there.submit(first));
    ASSERT_TRUE(fleet.run_until([&] { return there.prove(crypto::leaf_hash(first)).has_value(); }));

    // The site: the same ledger, no engine, nobody to talk to.
    NodeOptions options(fleet.dir / "site", fleet.genesis_bytes, consortium_rules(), fleet.keys(0));
    auto made = Node::create(fleet.io.get_executor(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    Node& here = **made;
    for (const Bytes& part : write(there, 1)) {
        const auto done = here.read_bundle_part(part);
        ASSERT_TRUE(done) << done.error().to_string();
    }
    EXPECT_EQ(here.chain().tip().id, there.chain().tip().id);
    EXPECT_EQ(here.chain().final_block(), there.chain().final_block());
    const auto proof = here.prove(crypto::leaf_hash(first));
    EXPECT_TRUE(proof) << proof.error().to_string();

    // What waits at the site goes the other way.
    const Bytes second = fleet.policy_tx(2);
    ASSERT_TRUE(here.submit(second));
    const auto back = write(here, here.chain().tip().height + 1);
    ASSERT_EQ(back.size(), 1U);
    const auto done = there.read_bundle_part(back[0]);
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(done->transactions, 1U);
    ASSERT_TRUE(fleet.run_until([&] { return there.prove(crypto::leaf_hash(second)).has_value(); }));

    // The next one begins where the first ended; read twice it changes nothing.
    const BlockHeight next = here.chain().tip().height + 1;
    for (int round = 0; round < 2; ++round) {
        for (const Bytes& part : write(there, next)) ASSERT_TRUE(here.read_bundle_part(part));
    }
    EXPECT_TRUE(here.prove(crypto::leaf_hash(second)));
}

TEST_F(Bundles, AreCheckedAsIfPeersHadSentThem) {
    Node& there = *fleet.nodes[0];
    const Bytes first = fleet.policy_tx(1);
    ASSERT_TRUE(there.submit(first));
    ASSERT_TRUE(fleet.run_until([&] { return there.prove(crypto::leaf_hash(first)).has_value(); }));
    NodeOptions options(fleet.dir / "site", fleet.genesis_bytes, consortium_rules(), fleet.keys(0));
    auto made = Node::create(fleet.io.get_executor(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    Node& here = **made;
    const BundlePart good = decode_bundle_part(write(there, 1).back()).value();
    const auto word = [&](const BundlePart& part) {
        const auto done = here.read_bundle_part(encode_bundle_part(part));
        return done ? "accepted" : done.error().code().message();
    };

    BundlePart bad = good;
    bad.chain_id.bytes[0] ^= std::byte{1};
    EXPECT_EQ(word(bad), "chain-id-mismatch");
    bad = good;
    bad.blocks[0][100] ^= std::byte{1};  // in the seal
    EXPECT_EQ(word(bad), "block-invalid");
    bad = good;
    bad.blocks.erase(bad.blocks.begin());
    const auto gap = here.read_bundle_part(encode_bundle_part(bad));
    ASSERT_FALSE(gap);
    EXPECT_NE(gap.error().to_string().find("--since"), std::string::npos);
    bad = good;
    bad.certificates.at(0).votes.at(0).signature[5] ^= std::byte{1};
    EXPECT_EQ(word(bad), "signature-invalid");
    EXPECT_EQ(here.chain().tip().id, there.chain().tip().id) << "the blocks before it stay";
    bad = good;
    bad.checkpoint.replace(0, 4, "evil");
    EXPECT_EQ(word(bad), "origin-mismatch");
    EXPECT_EQ(word(good), "accepted");
}

}  // namespace
}  // namespace assay::ledger
