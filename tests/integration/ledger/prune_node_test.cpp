// Members that have let old blocks go, beside one that keeps everything, and a member that is new.

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tests/support/node_fleet.hpp"

namespace assay::ledger {
namespace {

namespace fs = std::filesystem;
using test::NodeFleet;

constexpr std::uint64_t kTransactions = 4;

class PrunedMembers : public testing::Test {
  protected:
    // Slot 0 keeps everything; 1 and 2 keep three blocks, in files of one or two; 3 comes later.
    PrunedMembers() : fleet{4} {
        ChainOptions few;
        few.keep_blocks = 3;
        few.file_bytes = 1'024;
        fleet.chain_options[1] = fleet.chain_options[2] = few;
        fleet.chain_options[0].file_bytes = few.file_bytes;
        for (std::size_t i = 0; i < 3; ++i) fleet.start(i);
        for (std::uint64_t version = 1; version <= kTransactions; ++version) {
            txs.push_back(fleet.policy_tx(version));
            EXPECT_TRUE(fleet.nodes[0]->submit(txs.back()));
            EXPECT_TRUE(fleet.run_until([&] { return is_final_on({0, 1, 2}, version); })) << describe();
        }
        EXPECT_TRUE(fleet.run_until([&] {
            return fleet.nodes[1]->chain().first_block() > 4 && fleet.nodes[2]->chain().first_block() > 4;
        })) << describe();
    }
    [[nodiscard]] bool is_final_on(std::initializer_list<std::size_t> members, std::uint64_t size) const {
        return std::ranges::all_of(members, [&](std::size_t i) {
            const auto& checkpoint = fleet.nodes[i]->checkpoint();
            return checkpoint && checkpoint->size >= size;
        });
    }
    [[nodiscard]] std::string describe() const {
        std::string out;
        for (const auto& node : fleet.nodes) {
            if (node) out += boost::json::serialize(node->status()) + "\n";
        }
        return out;
    }
    [[nodiscard]] std::uintmax_t bytes_of_blocks(std::size_t i) const {
        std::uintmax_t bytes = 0;
        const auto dir = fleet.dir / fleet.members[i].entry.name / "chain" / "blocks";
        for (const auto& file : fs::directory_iterator(dir)) bytes += file.file_size();
        return bytes;
    }
    [[nodiscard]] std::size_t told(std::size_t member, std::string_view event) const {
        const auto& events = fleet.nodes[member]->events().events();
        return static_cast<std::size_t>(std::ranges::count(events, event, &OperatorEvent::name));
    }

    NodeFleet fleet;
    std::vector<Bytes> txs;
};

void expect_to_serve_what_is_asked_for(const NodeFleet& fleet, const std::vector<Bytes>& txs) {
    const Chain& pruned = fleet.nodes[1]->chain();
    for (const Bytes& tx : txs) {
        const auto found = pruned.find(crypto::leaf_hash(tx));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->bytes, tx);
        EXPECT_TRUE(fleet.nodes[1]->prove_with_entry(crypto::leaf_hash(tx)));
    }
    const auto storage = fleet.nodes[1]->status().at("storage").as_object();
    EXPECT_EQ(storage.at("first_block").to_number<BlockHeight>(), pruned.first_block());
    EXPECT_EQ(storage.at("keep_blocks").to_number<BlockHeight>(), 3U);
    const auto bundle = fleet.nodes[1]->write_bundle_part(1);
    ASSERT_FALSE(bundle);
    EXPECT_NE(bundle.error().to_string().find("keep_blocks"), std::string::npos);
    EXPECT_TRUE(fleet.nodes[0]->write_bundle_part(1));
}

// While nobody connected keeps the first blocks the status says what to do; then the archive returns.
TEST_F(PrunedMembers, ServeWhatIsAskedForAndLeaveANewMemberToTheOneThatKeepsAll) {
    EXPECT_LT(bytes_of_blocks(1), bytes_of_blocks(0));
    expect_to_serve_what_is_asked_for(fleet, txs);

    fleet.stop(0);
    fleet.start(3);
    ASSERT_TRUE(fleet.run_until([&] { return fleet.nodes[3]->status().contains("missing_blocks"); }))
        << describe();
    const auto status = fleet.nodes[3]->status();
    const std::string missing(status.at("missing_blocks").as_string());
    EXPECT_NE(missing.find("block 1 is kept by no member"), std::string::npos) << missing;
    EXPECT_NE(missing.find("assay ledger bundle write --since 1"), std::string::npos) << missing;
    EXPECT_EQ(fleet.nodes[3]->chain().tip().height, 0U);
    ASSERT_TRUE(fleet.run_until([&] { return told(3, "blocks-not-to-be-had") == 1; }));
    EXPECT_GE(told(3, "peer-pruned"), 1U);
    EXPECT_EQ(told(3, "peer-misbehaved"), 0U);

    fleet.start(0);
    ASSERT_TRUE(fleet.run_until([&] { return is_final_on({3}, kTransactions); })) << describe();
    EXPECT_FALSE(fleet.nodes[3]->status().contains("missing_blocks"));
    for (const Bytes& tx : txs) EXPECT_TRUE(fleet.nodes[3]->prove_with_entry(crypto::leaf_hash(tx)));

    // With it four members go on, and the pruned ones help again.
    const Bytes next = fleet.policy_tx(kTransactions + 1);
    ASSERT_TRUE(fleet.nodes[3]->submit(next));
    ASSERT_TRUE(fleet.run_until([&] { return is_final_on({0, 1, 2, 3}, kTransactions + 1); }))
        << describe();
}

}  // namespace
}  // namespace assay::ledger
