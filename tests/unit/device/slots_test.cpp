#include "device/slots.hpp"

#include <cstdio>
#include <cstdlib>

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
    void write_all(const ImageWriter& slot) const {
        for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(slot.write_chunk(i, chunk(i)));
    }
    Result<ImageWriter> open() { return open(release_); }
    Result<ImageWriter> open(const PendingRelease& release) {
        return ImageWriter::open(storage_, slots_.path_of(release.slot), release);
    }

    test::TempDir folder_;
    DiskStorage storage_;
    Slots slots_{Slots::files_in(folder_ / "slots"), storage_};
    Bytes image_ = Bytes(350);
    PendingRelease release_;
    std::vector<Sha256Digest> digests_;
};

TEST_F(SlotsTest, HoldsTheImageThatWasWritten) {
    const auto slot = open();
    ASSERT_TRUE(slot) << slot.error().to_string();
    write_all(*slot);
    EXPECT_TRUE(slot->check_whole(digests_));
    EXPECT_EQ(slots_.digest(1, 350).value(), release_.sha256);
    EXPECT_EQ(read_file(slots_.path_of(1), 1000).value(), image_);
    EXPECT_EQ(slots_.path_of(1).filename(), "b.img");
}

TEST_F(SlotsTest, AShorterImageLeavesNothingOfTheLongerOne) {
    ASSERT_TRUE(storage_.replace(folder_ / "b.img", Bytes(1)));
    {
        PendingRelease longer = release_;
        longer.bytes = 1000;
        ASSERT_TRUE(open(longer));
    }
    write_all(open().value());
    EXPECT_EQ(slots_.digest(1, 350).value(), release_.sha256);
}

TEST_F(SlotsTest, KnowsWhichChunksAnInterruptionLeft) {
    {
        const auto slot = open();
        ASSERT_TRUE(slot->write_chunk(0, chunk(0)));
        ASSERT_TRUE(slot->write_chunk(3, chunk(3)));
    }
    const auto present = open()->chunks_present(digests_);
    ASSERT_TRUE(present);
    EXPECT_EQ(*present, (std::vector<bool>{true, false, false, true}));
}

TEST_F(SlotsTest, ReadBackFindsADamagedMedium) {
    const auto slot = open();
    write_all(*slot);
    ASSERT_TRUE(slot->write_chunk(2, as_bytes("damage")));
    EXPECT_TRUE(slot->check_whole(digests_).error().is(Refusal::kReadBackMismatch));
}

TEST_F(SlotsTest, ChunksThatAreNotTheSignedImageAreFound) {
    release_.sha256 = crypto::sha256(as_bytes("another image"));
    const auto slot = open();
    write_all(*slot);
    EXPECT_TRUE(slot->check_whole(digests_).error().is(Refusal::kImageDigestMismatch));
}

TEST_F(SlotsTest, AFolderThatCannotBeWrittenIsNamed) {
    ASSERT_TRUE(storage_.replace(folder_ / "file", Bytes(1)));
    const auto slot = ImageWriter::open(storage_, folder_ / "file" / "slots" / "b.img", release_);
    ASSERT_FALSE(slot);
    EXPECT_TRUE(slot.error().is(Refusal::kSlotWriteFailed));
}

TEST_F(SlotsTest, ASlotThatIsTooShortHasNoDigest) {
    write_all(open().value());
    EXPECT_FALSE(slots_.digest(1, 351));
    EXPECT_EQ(slots_.digest(1, 100).value(), digests_[0]);
}

// A real block device where one can be had (loop devices need privileges).
class BlockDeviceTest : public SlotsTest {
  protected:
    void SetUp() override {
        ASSERT_TRUE(storage_.replace(folder_ / "disk", Bytes(64 * 1024, std::byte{0xee})));
        const std::string command =
            "losetup --find --show " + (folder_ / "disk").string() + " 2>/dev/null";
        std::FILE* pipe = ::popen(command.c_str(), "r");
        char line[64] = {};
        if (std::fgets(line, sizeof line, pipe) != nullptr) device_ = line;
        ::pclose(pipe);
        if (device_.empty()) GTEST_SKIP() << "no loop device to be had here";
        device_.pop_back();
    }
    void TearDown() override {
        if (device_.empty()) return;
        EXPECT_EQ(std::system(("losetup -d " + device_).c_str()), 0);
    }
    std::string device_;
};

TEST_F(BlockDeviceTest, TakesAnImageAndKeepsItsSize) {
    {
        const auto slot = ImageWriter::open(storage_, device_, release_);
        ASSERT_TRUE(slot) << slot.error().to_string();
        EXPECT_EQ(slot->chunks_present(digests_).value(), std::vector<bool>(4, false));
        write_all(*slot);
        EXPECT_TRUE(slot->check_whole(digests_));
    }
    const Slots slots({folder_ / "a.img", device_}, storage_);
    EXPECT_EQ(slots.digest(1, release_.bytes).value(), release_.sha256);
    EXPECT_EQ(std::filesystem::file_size(folder_ / "disk"), 64U * 1024);
    release_.bytes = 64 * 1024 + 1;
    const auto too_small = ImageWriter::open(storage_, device_, release_);
    EXPECT_TRUE(too_small.error().is(Refusal::kSlotWriteFailed));
}

TEST(DiskStorage, MakesNoFileOfABlockDeviceThatIsNotThere) {
    DiskStorage storage;
    const std::filesystem::path path = "/dev/assay-test-no-such-device";
    const auto volume = storage.open_sized(path, 4096);
    ASSERT_FALSE(volume);
    EXPECT_TRUE(volume.error().is(std::errc::no_such_file_or_directory));
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace assay::device
