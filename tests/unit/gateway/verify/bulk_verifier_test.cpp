#include "gateway/verify/bulk_verifier.hpp"

#include <gtest/gtest.h>

#include "host/compute/engine_registry.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/block_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

constexpr std::uint64_t kChunkBytes = 1'000;

// A device that computes one digest of each batch wrongly.
class FaultyEngine final : public compute::HashEngine {
  public:
    explicit FaultyEngine(compute::HashEngine& real) : real_{real} {}
    [[nodiscard]] const compute::EngineInfo& info() const noexcept override { return real_.info(); }
    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override {
        auto hashed = real_.hash_batch(messages, digests);
        if (!digests.empty()) digests.back().bytes[0] ^= std::byte{1};
        return hashed;
    }

  private:
    compute::HashEngine& real_;
};

class BulkVerification : public testing::Test {
  protected:
    BulkVerification() : store_{std::move(ipfs::BlockStore::open(dir_.path()).value())} {
        for (std::size_t i = 0; i < 10'500; ++i) bytes_.push_back(static_cast<std::byte>(i / 7));
        image_.bytes = bytes_.size();
        image_.chunk_bytes = kChunkBytes;
        for (std::size_t at = 0; at < bytes_.size(); at += kChunkBytes) {
            const ByteView chunk = ByteView(bytes_).subspan(
                at, std::min<std::size_t>(kChunkBytes, bytes_.size() - at));
            const auto cid = ipfs::Cid::raw_sha256(crypto::sha256(chunk));
            EXPECT_TRUE(store_.put(cid, chunk));
            image_.leaves.push_back(cid);
            image_.data_offsets.push_back(0);
            image_.chunk_digests.push_back(cid.sha256());
        }
        record_.bytes = bytes_.size();
        record_.sha256 = crypto::sha256(bytes_);
        record_.import.chunk_bytes = kChunkBytes;
        record_.chunk_root = ledger::chunk_root(image_.chunk_digests);
        engine_ = engines_.find_hash("cpu").value().engine;
    }

    Result<void> verify(compute::HashEngine& engine) {
        return ImageVerification(record_, engine, store_).finish(reader());
    }
    ipfs::ImageReader reader() { return {store_, image_}; }
    std::string verdict() {
        const auto verified = verify(*engine_);
        return verified ? "verified" : verified.error().code().message();
    }

    test::TempDir dir_{test::memory_folder()};
    ipfs::BlockStore store_;
    compute::Engines engines_;
    compute::HashEngine* engine_ = nullptr;
    Bytes bytes_;
    ipfs::RetrievedImage image_;
    ledger::ReleaseImage record_;
};

TEST_F(BulkVerification, AcceptsTheImageThatWasReleased) { EXPECT_EQ(verdict(), "verified"); }

TEST_F(BulkVerification, HashesWhatHasArrivedAndJudgesTheWhole) {
    const ipfs::Cid last = image_.leaves.back();
    const Bytes block = store_.get(last).value();
    ASSERT_TRUE(store_.remove(last));  // still on its way
    ImageVerification verification(record_, *engine_, store_);
    ASSERT_TRUE(verification.hash_up_to(reader(), 3'500));
    EXPECT_EQ(verification.hashed(), 3'000U) << "whole chunks";
    ASSERT_TRUE(verification.hash_up_to(reader(), 2'000)) << "nothing to do";
    ASSERT_TRUE(verification.hash_up_to(reader(), 10'000));
    ImageVerification too_early = verification;
    EXPECT_FALSE(too_early.finish(reader()));

    ASSERT_TRUE(store_.put(last, block));
    EXPECT_TRUE(verification.finish(reader()));

    // What was hashed early counts: a block that was wrong then is wrong at the end.
    Bytes wrong = store_.get(image_.leaves[2]).value();
    wrong[0] ^= std::byte{1};
    ASSERT_TRUE(store_.put(image_.leaves[2], wrong));
    ImageVerification saw_it(record_, *engine_, store_);
    ASSERT_TRUE(saw_it.hash_up_to(reader(), 5'000));
    EXPECT_TRUE(saw_it.finish(reader()).error().is(Refusal::kBlockHashMismatch));
    EXPECT_FALSE(store_.has(image_.leaves[2])) << "to be fetched again";
}

TEST_F(BulkVerification, RefusesAnotherImage) {
    record_.sha256.bytes[31] ^= std::byte{1};
    EXPECT_EQ(verdict(), "image-digest-mismatch");
}

TEST_F(BulkVerification, RefusesAnotherChunkRoot) {
    record_.chunk_root.bytes[0] ^= std::byte{1};
    EXPECT_EQ(verdict(), "chunk-hash-mismatch");
}

TEST_F(BulkVerification, DropsABlockThatChangedOnDiskAndBlamesNotTheRelease) {
    const auto& cid = image_.leaves[4];
    Bytes block = store_.get(cid).value();
    block[10] ^= std::byte{1};
    ASSERT_TRUE(store_.remove(cid));
    ASSERT_TRUE(store_.put(cid, block));
    EXPECT_EQ(verdict(), "block-hash-mismatch");
    EXPECT_FALSE(store_.has(cid)) << "to be fetched again";
    EXPECT_TRUE(store_.has(image_.leaves[3]));
}

TEST_F(BulkVerification, GivesNoBlockUpOnTheWordOfAFaultyEngine) {
    FaultyEngine faulty(*engine_);
    const auto verified = verify(faulty);
    ASSERT_FALSE(verified);
    EXPECT_TRUE(verified.error().is(std::errc::io_error)) << verified.error().to_string();
    for (const auto& leaf : image_.leaves) EXPECT_TRUE(store_.has(leaf));
}

TEST_F(BulkVerification, RefusesAnotherSize) {
    record_.bytes -= 1;
    EXPECT_EQ(verdict(), "content-too-large");
    record_.bytes += 2;
    EXPECT_EQ(verdict(), "content-incomplete");
}

TEST_F(BulkVerification, ReportsAMissingBlockAsWhatItIs) {
    ASSERT_TRUE(store_.remove(image_.leaves[2]));
    const auto verified = verify(*engine_);
    ASSERT_FALSE(verified);
    EXPECT_FALSE(refusal_of(verified.error().code()));
}

}  // namespace
}  // namespace assay::gateway
