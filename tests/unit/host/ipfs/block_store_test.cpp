#include "host/ipfs/block_store.hpp"

#include <algorithm>
#include <fstream>
#include <future>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs {
namespace {

using assay::test::TempDir;

Cid cid_of(std::string_view text) { return Cid::raw_sha256(crypto::sha256(as_bytes(text))); }

BlockStore open_store(const std::filesystem::path& path) {
    auto store = BlockStore::open(path);
    EXPECT_TRUE(store) << store.error().to_string();
    return std::move(*store);
}

TEST(BlockStore, UsesTheLayoutOfKubo) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    // js-ipfs wrote exactly such a name: base32 upper of the multihash, next-to-last two letters.
    const Cid hello = cid_of("hello world");
    ASSERT_TRUE(store.put(hello, as_bytes("hello world")));
    const auto path = store.path_of(hello);
    const std::string key = path.stem().string();
    EXPECT_TRUE(key.starts_with("CIQ")) << key;
    EXPECT_EQ(path, folder / "blocks" / key.substr(key.size() - 3, 2) / (key + ".data"));
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(as_text(*read_file(folder / "blocks/SHARDING", 100)),
              "/repo/flatfs/shard/v1/next-to-last/2\n");
}

// Kubo's key of the empty UnixFS directory, as every fresh repository holds it.
TEST(BlockStore, FindsTheEmptyDirectoryWhereKuboPutsIt) {
    const TempDir folder;
    const BlockStore store = open_store(folder.path());
    const Cid empty = parse_cid("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").value();
    EXPECT_EQ(store.path_of(empty),
              folder / "blocks/X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data");
}

TEST(BlockStore, GivesBackWhatWasPutAlsoWhenOpenedAgain) {
    const TempDir folder;
    ASSERT_TRUE(open_store(folder.path()).put(cid_of("a"), as_bytes("a")));
    const BlockStore store = open_store(folder.path());
    EXPECT_TRUE(store.has(cid_of("a")));
    EXPECT_EQ(store.get(cid_of("a")), to_bytes("a"));
    EXPECT_EQ(store.size_of(cid_of("a")), 1U);
    EXPECT_FALSE(store.has(cid_of("b")));
    EXPECT_TRUE(store.get(cid_of("b")).error().is(std::errc::no_such_file_or_directory));
}

TEST(BlockStore, BoundsWhatItReadsAndWrites) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    ASSERT_TRUE(store.put(cid_of("12345"), as_bytes("12345")));
    EXPECT_TRUE(store.get(cid_of("12345"), 5));
    EXPECT_TRUE(store.get(cid_of("12345"), 4).error().is(Refusal::kLimitExceeded));
    const Bytes large(kBlockBytesMax + 1);
    EXPECT_TRUE(store.put(cid_of("large"), large).error().is(Refusal::kBlockTooLarge));
    EXPECT_FALSE(store.has(cid_of("large")));
}

TEST(BlockStore, ReplacesABlockOfAnotherLength) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    ASSERT_TRUE(store.put(cid_of("abc"), as_bytes("ab")));  // as if cut off by a failing disk
    ASSERT_TRUE(store.put(cid_of("abc"), as_bytes("abc")));
    EXPECT_EQ(store.get(cid_of("abc")), to_bytes("abc"));
    ASSERT_TRUE(store.remove(cid_of("abc")));
    EXPECT_FALSE(store.has(cid_of("abc")));
    EXPECT_TRUE(store.remove(cid_of("abc")));
}

TEST(BlockStore, LeavesNoTemporariesAndCountsBlocks) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    std::vector<std::string> texts;
    for (int i = 0; i < 20; ++i) texts.push_back("block " + std::to_string(i));
    std::vector<Block> blocks;
    for (const std::string& text : texts) blocks.emplace_back(cid_of(text), as_bytes(text));
    blocks.emplace_back(cid_of(texts[0]), as_bytes(texts[0]));  // twice in one window
    ASSERT_TRUE(store.put_many(blocks));
    for (const std::string& text : texts) EXPECT_EQ(store.get(cid_of(text)), to_bytes(text));
    EXPECT_TRUE(std::filesystem::is_empty(folder / "blocks/.temp"));
    const auto total = store.stat();
    ASSERT_TRUE(total);
    EXPECT_EQ(total->blocks, 20U);
    EXPECT_EQ(total->bytes, 10U * 7 + 10U * 8);
}

TEST(BlockStore, PutsMoreBlocksTogetherThanMayBeOpen) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    std::vector<Bytes> contents;
    std::vector<Block> blocks;
    for (int i = 0; i < 200; ++i) contents.push_back(to_bytes(std::to_string(i)));
    for (const Bytes& bytes : contents) {
        blocks.emplace_back(Cid::raw_sha256(crypto::sha256(bytes)), bytes);
    }
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto stored = store.put_many(blocks);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_TRUE(stored) << stored.error().to_string();
    for (const Block& block : blocks) EXPECT_TRUE(store.has(block.cid));
}

TEST(BlockStore, RemovesWhatAKilledProcessLeftBehind) {
    const TempDir folder;
    { const BlockStore store = open_store(folder.path()); }
    const auto old_file = folder / "blocks/.temp/put-old";
    const auto new_file = folder / "blocks/.temp/put-new";
    std::ofstream(old_file) << "half a bl";
    std::ofstream(new_file) << "another process is writing this";
    std::filesystem::last_write_time(
        old_file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
    { const BlockStore store = open_store(folder.path()); }
    EXPECT_FALSE(std::filesystem::exists(old_file));
    EXPECT_TRUE(std::filesystem::exists(new_file));
}

TEST(BlockStore, RefusesAnotherSharding) {
    const TempDir folder;
    { const BlockStore store = open_store(folder.path()); }
    std::ofstream(folder / "blocks/SHARDING") << "/repo/flatfs/shard/v1/prefix/2\n";
    const auto store = BlockStore::open(folder.path());
    ASSERT_FALSE(store);
    EXPECT_TRUE(store.error().is(Refusal::kUnknownVersion));
}

TEST(BlockStore, RemembersPins) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    EXPECT_FALSE(store.is_pinned(cid_of("root")));
    ASSERT_TRUE(store.pin(cid_of("root")));
    ASSERT_TRUE(store.pin(cid_of("root")));
    ASSERT_TRUE(store.pin(parse_cid("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").value()));
    EXPECT_TRUE(open_store(folder.path()).is_pinned(cid_of("root")));
    EXPECT_EQ(store.pins()->size(), 2U);
    ASSERT_TRUE(store.unpin(cid_of("root")));
    EXPECT_FALSE(store.is_pinned(cid_of("root")));
    EXPECT_EQ(store.pins()->size(), 1U);
}

TEST(BlockStore, KeepsAPinAsLongAsSomeoneWantsIt) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    const Cid root = cid_of("root");
    ASSERT_TRUE(store.pin_until(root, 2000));
    ASSERT_TRUE(store.pin_until(root, 1000));  // of an older release with the same image
    EXPECT_EQ(store.find_pin(root)->keep_until, 2000U);
    EXPECT_FALSE(store.drop_expired(root, 1999).value());
    ASSERT_TRUE(store.pin(root));
    EXPECT_FALSE(store.drop_expired(root, 3000).value()) << "pinned by hand, too";
    ASSERT_TRUE(store.unpin(root));
    EXPECT_TRUE(store.is_pinned(root)) << "until 2000";
    EXPECT_FALSE(store.drop_expired(root, 1999).value());
    EXPECT_TRUE(store.drop_expired(root, 2000).value());
    EXPECT_FALSE(store.is_pinned(root));
    EXPECT_TRUE(store.find_pin(root).error().is(std::errc::no_such_file_or_directory));
}

TEST(BlockStore, ReadsEmptyPinsAndRefusesGarbledOnes) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    const auto write_pin = [&](std::string_view text) {
        std::ofstream(folder / "pins" / cid_of("root").to_string()) << text;
        return store.find_pin(cid_of("root"));
    };
    EXPECT_TRUE(write_pin("")->by_hand);
    EXPECT_EQ(write_pin("until 5")->keep_until, 5U);
    EXPECT_TRUE(write_pin("by-hand\nuntil 5\n")->by_hand);
    for (const char* text : {"until\n", "until x\n", "until -1\n", "until 5 \n", "for ever\n",
                             "until 99999999999999999999\n", "\n"}) {
        const auto pin = write_pin(text);
        ASSERT_FALSE(pin) << text;
        EXPECT_TRUE(pin.error().is(Refusal::kMalformed)) << text;
        // What cannot be read keeps its blocks.
        EXPECT_FALSE(store.drop_expired(cid_of("root"), 1)) << text;
        EXPECT_TRUE(store.is_pinned(cid_of("root"))) << text;
    }
}

TEST(BlockStore, ChangesOfAPinDoNotOverwriteEachOther) {
    const TempDir folder(assay::test::memory_folder());
    const auto change = [&](bool by_hand) {
        BlockStore store = open_store(folder.path());
        for (int i = 0; i < 50; ++i) {
            const Cid root = cid_of(std::to_string(i));
            if (!(by_hand ? store.pin(root) : store.pin_until(root, 7))) return false;
        }
        return true;
    };
    auto other = std::async(std::launch::async, change, true);
    EXPECT_TRUE(change(false));
    EXPECT_TRUE(other.get());
    const BlockStore store = open_store(folder.path());
    const std::vector<Cid> roots = store.pins().value();
    EXPECT_EQ(roots.size(), 50U);
    for (const Cid& root : roots) {
        EXPECT_TRUE(store.find_pin(root)->by_hand && store.find_pin(root)->keep_until == 7);
    }
}

TEST(BlockStore, ShowsABatchOnlyWhenItIsCommitted) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    const std::vector<Block> blocks = {{cid_of("one"), as_bytes("one")},
                                       {cid_of("two"), as_bytes("two")}};
    {
        auto batch = BlockBatch::begin(store);
        ASSERT_TRUE(batch);
        ASSERT_TRUE(batch->add(blocks));
        EXPECT_FALSE(store.has(cid_of("one")));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder / "blocks/.temp"));
    auto batch = BlockBatch::begin(store);
    ASSERT_TRUE(batch->add({blocks.data(), 1}));
    ASSERT_TRUE(batch->add({blocks.data() + 1, 1}));
    ASSERT_TRUE(batch->commit());
    EXPECT_TRUE(store.has(cid_of("one")) && store.has(cid_of("two")));
    ASSERT_TRUE(store.remove(cid_of("one")));
    ASSERT_TRUE(batch->add(blocks));  // used again
    ASSERT_TRUE(batch->commit());
    EXPECT_TRUE(store.has(cid_of("one")));
}

TEST(BlockStore, IsNotCollectedWhileSomeoneWrites) {
    const TempDir folder;
    const BlockStore store = open_store(folder.path());
    {
        const auto first = store.lease();
        const auto second = open_store(folder.path()).lease();
        ASSERT_TRUE(first && second);
        EXPECT_TRUE(
            store.lease_alone().error().is(std::errc::resource_unavailable_try_again));
    }
    const auto alone = store.lease_alone();
    ASSERT_TRUE(alone);
    EXPECT_FALSE(store.lease_alone());
}

TEST(BlockStore, HasEveryIdentity) {
    const TempDir folder;
    BlockStore store = open_store(folder.path());
    const Cid cid = parse_cid("bafkqabiaaebagba").value();  // 00 01 02 03 04
    EXPECT_TRUE(store.has(cid));
    EXPECT_EQ(store.get(cid)->size(), 5U);
    ASSERT_TRUE(store.put(cid, store.get(cid).value()));
    EXPECT_EQ(store.stat()->blocks, 0U);
}

TEST(BlockStore, ReplacesADamagedBlockOfTheRightSize) {
    const TempDir dir;
    BlockStore store = open_store(dir.path());
    ASSERT_TRUE(store.put(cid_of("block"), as_bytes("block")));
    ASSERT_TRUE(write_file_durable(store.path_of(cid_of("block")), as_bytes("blOck")));
    ASSERT_TRUE(store.put(cid_of("block"), as_bytes("block")));
    EXPECT_EQ(as_text(store.get(cid_of("block")).value()), "block");
}

TEST(BlockStore, ServesSeveralWritersOfTheSameBlocks) {
    const TempDir folder;
    const auto write = [&] {
        BlockStore store = open_store(folder.path());
        for (int i = 0; i < 50; ++i) {
            const std::string text = "shared " + std::to_string(i);
            if (!store.put(cid_of(text), as_bytes(text))) return false;
        }
        return true;
    };
    auto other = std::async(std::launch::async, write);
    EXPECT_TRUE(write());
    EXPECT_TRUE(other.get());
    EXPECT_EQ(open_store(folder.path()).stat()->blocks, 50U);
}

}  // namespace
}  // namespace assay::ipfs
