#include "device/slots.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

class SlotsTest : public testing::Test {
  protected:
    SlotsTest() {
        for (std::size_t i = 0; i < image_.size(); ++i) {
            image_[i] = static_cast<std::byte>(i * 7 % 251);
        }
        release_.bytes = image_.size();
        release_.chunk_bytes = 100;
        release_.slot = 1;
        release_.sha256 = crypto::sha256(image_);
        for (std::size_t i = 0; i < 4; ++i) digests_.push_back(crypto::sha256(chunk(i)));
    }
    [[nodiscard]] ByteView chunk(std::size_t i) const {
        return ByteView(image_).subspan(i * 100, i == 3 ? 50 : 100);
    }
    void write_all(const Slots::Writing& slot) const {
        for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(slot.write_chunk(i, chunk(i)));
        ASSERT_TRUE(slot.sync());
    }

    test::TempDir folder_;
    DurableWrites writes_;
    Slots slots_{folder_ / "slots", writes_};
    Bytes image_ = Bytes(350);
    PendingRelease release_;
    std::vector<Sha256Digest> digests_;
};

TEST_F(SlotsTest, HoldsTheImageThatWasWritten) {
    const auto slot = slots_.open(release_);
    ASSERT_TRUE(slot) << slot.error().to_string();
    write_all(*slot);
    EXPECT_TRUE(slot->check_whole(digests_));
    EXPECT_EQ(slots_.digest(1).value(), release_.sha256);
    EXPECT_EQ(read_file(slots_.path_of(1), 1000).value(), image_);
    EXPECT_EQ(slots_.path_of(1).filename(), "b.img");
}

TEST_F(SlotsTest, AShorterImageLeavesNothingOfTheLongerOne) {
    ASSERT_TRUE(writes_.replace(folder_ / "b.img", Bytes(1)));
    {
        PendingRelease longer = release_;
        longer.bytes = 1000;
        ASSERT_TRUE(slots_.open(longer));
    }
    write_all(slots_.open(release_).value());
    EXPECT_EQ(slots_.digest(1).value(), release_.sha256);
}

TEST_F(SlotsTest, KnowsWhichChunksAnInterruptionLeft) {
    {
        const auto slot = slots_.open(release_);
        ASSERT_TRUE(slot->write_chunk(0, chunk(0)));
        ASSERT_TRUE(slot->write_chunk(3, chunk(3)));
    }
    const auto present = slots_.open(release_)->chunks_present(digests_);
    ASSERT_TRUE(present);
    EXPECT_EQ(*present, (std::vector<bool>{true, false, false, true}));
}

TEST_F(SlotsTest, ReadBackFindsADamagedMedium) {
    const auto slot = slots_.open(release_);
    write_all(*slot);
    ASSERT_TRUE(slot->write_chunk(2, as_bytes("damage")));
    EXPECT_TRUE(slot->check_whole(digests_).error().is(Refusal::kReadBackMismatch));
}

TEST_F(SlotsTest, ChunksThatAreNotTheSignedImageAreFound) {
    release_.sha256 = crypto::sha256(as_bytes("another image"));
    const auto slot = slots_.open(release_);
    write_all(*slot);
    EXPECT_TRUE(slot->check_whole(digests_).error().is(Refusal::kImageDigestMismatch));
}

TEST_F(SlotsTest, AFolderThatCannotBeWrittenIsNamed) {
    ASSERT_TRUE(writes_.replace(folder_ / "file", Bytes(1)));
    const Slots slots(folder_ / "file" / "slots", writes_);
    const auto slot = slots.open(release_);
    ASSERT_FALSE(slot);
    EXPECT_TRUE(slot.error().is(Refusal::kSlotWriteFailed));
}

}  // namespace
}  // namespace assay::device
