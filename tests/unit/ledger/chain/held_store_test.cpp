#include "ledger/chain/held_store.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/chain_store.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

TEST(HeldStore, ReadsWhatItHoldsAndWritesItWithTheNext) {
    const test::TempDir dir{test::memory_folder()};
    HeldStore store(open_chain_store(dir.path()).value());
    WriteBatch first;
    first.put(as_bytes("xa"), as_bytes("1"));
    first.put(as_bytes("xb"), as_bytes("2"));
    WriteBatch second;
    second.erase(as_bytes("xa"));
    ASSERT_TRUE(store.hold(first));
    ASSERT_TRUE(store.hold(second));
    EXPECT_TRUE(store.holds_any());
    EXPECT_FALSE(store.get(as_bytes("xa")));
    EXPECT_EQ(store.get(as_bytes("xb")), to_bytes(as_bytes("2")));
    WriteBatch third;
    third.put(as_bytes("xc"), as_bytes("3"));
    ASSERT_TRUE(store.write_synced(third));
    EXPECT_FALSE(store.holds_any());
    std::string keys;
    store.for_each(as_bytes("x"), [&](ByteView key, ByteView) {
        keys += as_text(key);
        return true;
    });
    EXPECT_EQ(keys, "xbxc");
}

// As many blocks as one write takes, and some more: what lies on disk is the state after 1,024.
TEST(HeldStore, WritesAChainThatCatchesUpInLargePieces) {
    const test::TempDir dir{test::memory_folder()};
    const test::Founders founders(1);
    std::uint32_t now = test::kGenesisTime;
    std::vector<Bytes> blocks;
    {
        const auto source = founders.open(dir / "source");
        for (int i = 0; i < 1'034; ++i) {
            now += 4'000;  // an empty block is due
            blocks.push_back(founders.extend(*source, now));
        }
    }
    const auto chain = founders.open(dir / "c");
    for (const Bytes& block : blocks) {
        ASSERT_EQ(chain->accept_block(block, test::at(now), Durable::kLater).verdict,
                  BlockVerdict::kValid);
    }
    EXPECT_EQ(chain->tip().height, 1'034U);
    const auto height_on_disk = [&](const std::string& name) {
        std::filesystem::copy(dir / "c", dir / name, std::filesystem::copy_options::recursive);
        const auto copy = founders.open(dir / name);
        EXPECT_FALSE(copy->repair());
        return copy->tip().height;
    };
    EXPECT_EQ(height_on_disk("held"), 1'024U);
    ASSERT_TRUE(chain->flush());
    EXPECT_EQ(height_on_disk("flushed"), 1'034U);
}

}  // namespace
}  // namespace assay::ledger
