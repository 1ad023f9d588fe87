#include "ledger/chain/block_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

Bytes block_of(int number) { return Bytes(static_cast<std::size_t>(100 + number), std::byte(number)); }

std::vector<Bytes> all_of(const std::filesystem::path& dir) {
    std::vector<Bytes> found;
    BlockFiles::for_each(dir, [&](ByteView block) {
        found.push_back(to_bytes(block));
        return true;
    });
    return found;
}

class BlockFilesTest : public testing::Test {
  protected:
    // Ten blocks over files of some 300 bytes.
    std::vector<BlockPlace> fill() {
        auto files = BlockFiles::open(dir.path(), {}, 300).value();
        std::vector<BlockPlace> places;
        for (int i = 0; i < 10; ++i) places.push_back(files.append(block_of(i)).value());
        EXPECT_TRUE(files.sync().has_value());
        end = files.end();
        return places;
    }
    void flip(std::uint32_t file, std::uint64_t offset) {
        std::fstream stream(dir / ("blk0000" + std::to_string(file) + ".dat"),
                            std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(offset));
        const auto was = static_cast<char>(stream.get());
        stream.seekp(static_cast<std::streamoff>(offset));
        stream.put(static_cast<char>(was ^ 1));
    }

    test::TempDir dir{test::memory_folder()};
    FilePosition end;
};

TEST_F(BlockFilesTest, GivesBackWhatItTookAlsoAfterReopening) {
    const auto places = fill();
    EXPECT_GT(end.file, 3U) << "several files";
    const auto files = BlockFiles::open(dir.path(), end, 300).value();
    for (int i = 0; i < 10; ++i) {
        const auto place = decode_block_place(encode_place(places[static_cast<std::size_t>(i)]));
        EXPECT_EQ(files.read(place.value()).value(), block_of(i));
    }
    EXPECT_EQ(all_of(dir.path()).size(), 10U);
}

TEST_F(BlockFilesTest, CutsOffWhatNothingNames) {
    const auto places = fill();
    auto files = BlockFiles::open(dir.path(), places[5].at, 300).value();
    EXPECT_EQ(all_of(dir.path()).size(), 5U);
    const auto place = files.append(block_of(0)).value();
    EXPECT_EQ(place.at, places[5].at);
    EXPECT_EQ(files.read(place).value(), block_of(0));
    EXPECT_FALSE(files.read(places[9])) << "cut off";
}

TEST_F(BlockFilesTest, RefusesFilesThatAreShorterThanTheyWere) {
    (void)fill();
    FilePosition beyond = end;
    ++beyond.offset;
    EXPECT_TRUE(BlockFiles::open(dir.path(), beyond, 300).error().is(Refusal::kMalformed));
    beyond = {end.file + 1, 5};
    EXPECT_TRUE(BlockFiles::open(dir.path(), beyond, 300).error().is(Refusal::kMalformed));
}

// Every byte of the first frame: its own read fails, all others are still found.
TEST_F(BlockFilesTest, NoticesEveryFlippedByteAndSkipsIt) {
    const auto places = fill();
    const std::uint64_t frame = places[1].at.offset;
    ASSERT_GT(frame, 100U);
    for (std::uint64_t offset = 0; offset < frame; ++offset) {
        flip(0, offset);
        const auto files = BlockFiles::open(dir.path(), end, 300).value();
        EXPECT_TRUE(files.read(places[0]).error().is(Refusal::kMalformed)) << offset;
        EXPECT_TRUE(files.read(places[1]).has_value());
        EXPECT_EQ(all_of(dir.path()).size(), 9U) << offset;
        flip(0, offset);
    }
    EXPECT_EQ(all_of(dir.path()).size(), 10U);
}

TEST_F(BlockFilesTest, RemovesOldFiles) {
    const auto places = fill();
    auto files = BlockFiles::open(dir.path(), end, 300).value();
    ASSERT_TRUE(files.remove_before(places[5].at.file));
    EXPECT_TRUE(files.read(places[0]).error().is(Refusal::kMalformed));
    EXPECT_EQ(files.read(places[9]).value(), block_of(9));
}

}  // namespace
}  // namespace assay::ledger
