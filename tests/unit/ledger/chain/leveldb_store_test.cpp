#include "ledger/chain/leveldb_store.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

namespace fs = std::filesystem;

class LevelDbStoreTest : public testing::Test {
  protected:
    LevelDbStoreTest() {
        const auto store = open_leveldb(dir.path()).value();
        for (int i = 0; i < kWrites; ++i) {
            WriteBatch batch;
            batch.put(as_bytes("key" + std::to_string(i)), Bytes(100, std::byte{1}));
            EXPECT_TRUE(store->write_synced(batch).has_value());
        }
    }
    [[nodiscard]] fs::path log() const {
        for (const auto& entry : fs::directory_iterator(dir.path()))
            if (entry.path().extension() == ".log") return entry.path();
        return {};
    }
    [[nodiscard]] static int count(const KeyValueStore& store) {
        int found = 0;
        store.for_each(as_bytes("key"), [&](ByteView, ByteView) { return ++found > 0; });
        return found;
    }

    static constexpr int kWrites = 400;  // more than one block of the log
    test::TempDir dir{test::memory_folder()};
};

TEST_F(LevelDbStoreTest, OpensWithNoiseWhereAWriteWasUnderWay) {
    const auto size = fs::file_size(log());
    std::ofstream(log(), std::ios::app | std::ios::binary) << std::string(300, '\x5a');
    const auto store = open_leveldb(dir.path());
    ASSERT_TRUE(store.has_value()) << store.error().to_string();
    EXPECT_EQ(count(**store), kWrites);
    EXPECT_GT(size, 32'768U);
}

// Every write before the last one is known to be acknowledged: that it is gone must be noticed.
TEST_F(LevelDbStoreTest, CallsWhatIsFollowedBySoundWritesDamage) {
    const Bytes whole = read_file(log(), 1 << 20).value();
    const fs::path path = log();
    for (const std::size_t at : {std::size_t{3}, std::size_t{60}, std::size_t{20'000}, whole.size() - 300}) {
        Bytes flipped = whole;
        flipped[at] ^= std::byte{1};
        ASSERT_TRUE(write_file_durable(path, flipped).has_value());
        const auto store = open_leveldb(dir.path());
        ASSERT_FALSE(store.has_value()) << at;
        EXPECT_TRUE(store.error().is(Refusal::kMalformed)) << store.error().to_string();
        EXPECT_EQ(read_file(path, 1 << 20).value(), flipped) << "left as it was found";
    }
}

TEST_F(LevelDbStoreTest, DoesNotBeginAnewWhereCurrentIsMissing) {
    fs::remove(dir / "CURRENT");
    EXPECT_TRUE(open_leveldb(dir.path()).error().is(Refusal::kMalformed));
}

TEST_F(LevelDbStoreTest, IsOpenOnce) {
    const auto store = open_leveldb(dir.path());
    ASSERT_TRUE(store.has_value());
    EXPECT_TRUE(open_leveldb(dir.path()).error().is(std::errc::resource_unavailable_try_again));
}

}  // namespace
}  // namespace assay::ledger
