// A store that is damaged is noticed, moved aside and rebuilt, without anyone's help.

#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "ledger/chain/chain_store.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/store_damage.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

namespace fs = std::filesystem;
using test::Founders;
using test::kGenesisTime;

void flip(const fs::path& file, std::uint64_t offset) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    const int was = stream.get();
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(static_cast<char>(was ^ 0x10));
    ASSERT_TRUE(stream.good()) << file;
}

class Repair : public testing::Test {
  protected:
    Repair() {
        std::uint32_t now = kGenesisTime + 5;
        const auto chain = founders.open(dir / "whole");
        for (std::uint64_t version = 1; version <= 20; ++version) {
            accept(*chain, version);
            founders.extend_and_vote(*chain, now);
            ++now;
        }
        accept(*chain, 21);
        accept(*chain, 22);
        tip = chain->tip();
        final = chain->final_block();
    }
    void accept(Chain& chain, std::uint64_t version) {
        const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0],
                                              {version, 1, 10'000});
        ASSERT_TRUE(chain.accept_transaction(tx));
    }
    fs::path copy() {
        const fs::path to = dir / "copy";
        fs::remove_all(to);
        fs::copy(dir / "whole", to, fs::copy_options::recursive);
        return to;
    }
    // Everything is there, the state of the rules included.
    void expect_whole(const Chain& chain) const {
        EXPECT_EQ(chain.tip().id, tip.id);
        EXPECT_EQ(chain.tip().log_root, tip.log_root);
        EXPECT_EQ(chain.final_block(), final);
        EXPECT_EQ(chain.mempool_size(), 2U);
        EXPECT_FALSE(chain.has_failed()) << chain.failure();
    }

    test::TempDir dir{test::memory_folder()};
    Founders founders{1};
    ChainTip tip;
    ChainPoint final;
};

TEST_F(Repair, AWholeStoreIsLeftAlone) {
    const auto chain = founders.open(copy());
    EXPECT_FALSE(chain->repair());
    test::check_all(*chain);
    expect_whole(*chain);
    EXPECT_EQ(chain->checks_ended(), 1U);
}

// Each table in turn loses what it holds.
TEST_F(Repair, RebuildsWhatATableLost) {
    for (const char table : std::string_view("TbuHtflesM")) {
        const fs::path at = copy();
        test::lose_table(at, table);
        const auto chain = founders.open(at);
        ASSERT_NE(chain, nullptr) << table;
        test::check_all(*chain);
        ASSERT_TRUE(!chain->has_failed() || chain->recover()) << table;
        ASSERT_TRUE(chain->repair()) << table;
        expect_whole(*chain);
        EXPECT_TRUE(fs::exists(at / "damaged" / "repaired"));
    }
}

// Bytes flipped one at a time, anywhere in the database or the block files.
TEST_F(Repair, NoticesAndRepairsFlippedBytes) {
    const unsigned seed = std::random_device{}();
    std::mt19937 random(seed);
    std::printf("seed %u\n", seed);
    fs::copy(dir / "whole", dir / "peer", fs::copy_options::recursive);
    const auto peer = founders.open(dir / "peer");
    int repaired = 0;
    int kept = 0;
    for (int round = 0; round < 120; ++round) {
        const fs::path at = copy();
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(at)) {
            if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
        }
        const fs::path& victim = files[random() % files.size()];
        const std::uint64_t offset = random() % fs::file_size(victim);
        SCOPED_TRACE(victim.string() + " at " + std::to_string(offset) + " seed " +
                     std::to_string(seed));
        flip(victim, offset);
        const auto chain = founders.open(at);
        ASSERT_NE(chain, nullptr);
        test::check_all(*chain);
        ASSERT_TRUE(!chain->has_failed() || chain->recover()) << chain->failure();
        ASSERT_FALSE(chain->has_failed()) << chain->failure();
        if (!chain->repair()) {
            // Nobody reads that byte; or the last write of all was hit, which looks like one that a
            // power cut tore (leveldb_tail.hpp).
            EXPECT_EQ(chain->tip().id, tip.id);
            EXPECT_EQ(chain->final_block(), final);
            EXPECT_GE(chain->mempool_size(), 1U);
            ++kept;
            continue;
        }
        ++repaired;
        // A block that was hit comes from a member that has it, with all that follow.
        for (BlockHeight height = 1; height <= tip.height; ++height) {
            const Bytes block = peer->block(peer->id_at(height).value()).value();
            const auto verdict = chain->accept_block(block, test::at(tip.time)).verdict;
            EXPECT_TRUE(verdict == BlockVerdict::kValid || verdict == BlockVerdict::kDuplicate);
        }
        EXPECT_EQ(chain->tip().id, tip.id);
        EXPECT_EQ(chain->tip().log_root, tip.log_root);
    }
    EXPECT_GT(repaired, 60) << kept;
}

// The program is stopped in the midst of a repair; the next start ends it.
TEST_F(Repair, AnUnfinishedRepairIsEnded) {
    const fs::path at = copy();
    fs::create_directories(at / "damaged");
    fs::rename(at / "chain.db", at / "damaged" / "chain.db");
    std::ofstream(at / "damaged" / "reason") << "a test";
    const auto chain = founders.open(at);
    ASSERT_TRUE(chain->repair());
    EXPECT_EQ(chain->repair()->damage, "a test");
    EXPECT_EQ(chain->repair()->blocks, 20U);
    EXPECT_EQ(chain->repair()->transactions, 2U);
    expect_whole(*chain);
}

TEST_F(Repair, OnlyTheNewestDamagedStoreIsKept) {
    const fs::path at = copy();
    for (int i = 0; i < 2; ++i) {
        fs::remove(at / "chain.db" / "CURRENT");
        const auto chain = founders.open(at);
        ASSERT_TRUE(chain->repair());
        expect_whole(*chain);
    }
    std::size_t stores = 0;
    for (const auto& entry : fs::recursive_directory_iterator(at)) {
        if (entry.path().filename() == "chain.db") ++stores;
    }
    EXPECT_EQ(stores, 2U);
}

}  // namespace
}  // namespace assay::ledger
