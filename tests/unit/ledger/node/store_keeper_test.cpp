#include "ledger/node/store_keeper.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::kGenesisTime;

class StoreKeeperTest : public testing::Test {
  protected:
    StoreKeeperTest() {
        std::uint32_t now = kGenesisTime + 5;
        for (std::uint64_t version = 1; version <= 5; ++version, ++now) {
            EXPECT_TRUE(chain->accept_transaction(test::make_policy_tx(
                founders.chain_id, founders.members[0], {version, 1, 10'000})));
            founders.extend(*chain, now);
        }
    }
    bool tick() {
        steady += std::chrono::seconds{1};
        return keeper.on_tick(at(kGenesisTime + 100), steady);
    }
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> names;
        for (const OperatorEvent& event : events.events()) names.push_back(event.name);
        return names;
    }
    void flip_in_blocks() const {
        const auto file = dir / "c" / "blocks" / "blk00000.dat";
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file) / 2);
        stream.seekg(middle);
        const int was = stream.get();
        stream.seekp(middle);
        stream.put(static_cast<char>(was ^ 1));
    }

    test::TempDir dir{test::memory_folder()};
    test::Founders founders{1};
    std::unique_ptr<Chain> chain = founders.open(dir / "c");
    OperatorEvents events{"consortium"};
    StoreKeeper keeper{*chain, events};
    StoreKeeper::SteadyTime steady{std::chrono::hours{1}};
};

TEST_F(StoreKeeperTest, ChecksOnceAnHour) {
    for (int i = 0; i < 3'000; ++i) EXPECT_FALSE(tick());
    EXPECT_EQ(chain->checks_ended(), 1U);
    for (int i = 0; i < 3'000; ++i) EXPECT_FALSE(tick());
    EXPECT_EQ(chain->checks_ended(), 2U);
    EXPECT_TRUE(events.events().empty());
}

TEST_F(StoreKeeperTest, FindsDamageInABlockAndRebuildsWithoutAStop) {
    flip_in_blocks();
    bool is_back = false;
    for (int i = 0; i < 10 && !is_back; ++i) is_back = tick();
    ASSERT_TRUE(is_back);
    EXPECT_FALSE(chain->has_failed());
    EXPECT_LT(chain->tip().height, 5U) << "the block that was hit is the others' to supply";
    EXPECT_EQ(told(), (std::vector<std::string>{"ledger-storage-failed", "ledger-storage-resumed",
                                                "ledger-repaired"}));
    EXPECT_FALSE(tick()) << "once";
}

TEST_F(StoreKeeperTest, LetsOldBlocksGoAndTellsNobody) {
    ChainOptions options;
    options.keep_blocks = 2;
    chain.reset();
    chain = founders.open(dir / "c", options);
    StoreKeeper pruning(*chain, events);
    std::uint32_t now = chain->tip().time + 1;
    for (std::uint64_t version = 6; version <= 12; ++version, ++now) {
        EXPECT_TRUE(chain->accept_transaction(test::make_policy_tx(
            founders.chain_id, founders.members[0], {version, 1, 10'000})));
        founders.extend_and_vote(*chain, now);
    }
    ASSERT_EQ(chain->first_block(), 0U);
    steady += std::chrono::seconds{1};
    EXPECT_FALSE(pruning.on_tick(at(now), steady));
    EXPECT_EQ(chain->first_block(), chain->final_block().height - 1);
    EXPECT_TRUE(events.events().empty());
}

}  // namespace
}  // namespace assay::ledger
