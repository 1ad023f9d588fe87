#include "host/ipfs/image_reader.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs {
namespace {

class ImageReaderTest : public ::testing::Test {
  protected:
    ImageReaderTest() {
        RetrievedImage image;
        image.bytes = content_.size();
        image.chunk_bytes = 300;
        for (std::size_t at = 0; at < content_.size(); at += 300) {
            // Leaves whose bytes start at different places, as in dag-pb.
            Bytes block(at / 300);
            image.data_offsets.push_back(static_cast<std::uint32_t>(block.size()));
            append(block, ByteView(content_).subspan(
                              at, std::min<std::size_t>(300, content_.size() - at)));
            image.leaves.push_back(Cid::raw_sha256(crypto::sha256(block)));
            EXPECT_TRUE(store_.put(image.leaves.back(), block));
        }
        reader_.emplace(store_, std::move(image));
    }

    assay::test::TempDir folder_;
    BlockStore store_{BlockStore::open(folder_.path()).value()};
    Bytes content_ = assay::test::chacha20_bytes("reader", 1000);
    std::optional<ImageReader> reader_;
};

TEST_F(ImageReaderTest, ReadsEveryPart) {
    for (std::size_t offset = 0; offset <= 1000; offset += 50) {
        for (std::size_t length = 0; offset + length <= 1000; length += 25) {
            Bytes out(length);
            ASSERT_TRUE(reader_->read_at(offset, out)) << offset << " " << length;
            EXPECT_EQ(out, to_bytes(ByteView(content_).subspan(offset, length)));
        }
    }
}

TEST_F(ImageReaderTest, NamesThePiecesOfEachBlock) {
    const auto pieces = reader_->pieces(250, 400);
    ASSERT_TRUE(pieces);
    ASSERT_EQ(pieces->size(), 3U);
    EXPECT_EQ((*pieces)[0].offset, 250U);
    EXPECT_EQ((*pieces)[0].length, 50U);
    EXPECT_EQ((*pieces)[1].offset, 1U);
    EXPECT_EQ((*pieces)[1].length, 300U);
    EXPECT_EQ((*pieces)[2].offset, 2U);
    EXPECT_EQ((*pieces)[2].length, 50U);
    EXPECT_EQ((*pieces)[1].path, store_.path_of(reader_->image().leaves[1]));
}

TEST_F(ImageReaderTest, RefusesWhatLiesOutside) {
    EXPECT_TRUE(reader_->pieces(1000, 0));
    EXPECT_FALSE(reader_->pieces(1000, 1));
    EXPECT_FALSE(reader_->pieces(1001, 0));
    EXPECT_FALSE(reader_->pieces(999, ~std::uint64_t{0}));
}

TEST_F(ImageReaderTest, NoticesAMissingBlock) {
    ASSERT_TRUE(store_.remove(reader_->image().leaves[2]));
    Bytes out(300);
    EXPECT_TRUE(reader_->read_at(0, out));
    EXPECT_FALSE(reader_->read_at(400, out));
}

}  // namespace
}  // namespace assay::ipfs
