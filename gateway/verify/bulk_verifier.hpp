// Hashes a retrieved image once more, as it lies on the disk, against the signed record: every
// chunk in bulk on the hash engine, the chunk root over them, and the digest of the whole image. That
// begins while the image is still arriving, and nothing is offered to a device before all of it has
// passed. Used by the update flow.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/image_reader.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::gateway {

// The check of one image, in the order of its bytes: as far as it has arrived while the rest is still
// on its way, and at the end the rest and the verdict. Memory is bounded by a window of 32 MiB. Calls
// block; not thread-safe.
class ImageVerification {
  public:
    // `engine` and `store` outlive it.
    ImageVerification(ledger::ReleaseImage record,
                      compute::HashEngine& engine,
                      ipfs::BlockStore& store)
        : record_{std::move(record)}, engine_{&engine}, store_{&store} {}

    // Hashes what lies before `end` and was not hashed yet, up to whole chunks.
    [[nodiscard]] Result<void> hash_up_to(const ipfs::ImageReader& image, std::uint64_t end);

    // Hashes the rest. Fails with kContentTooLarge or kContentIncomplete (size), kChunkHashMismatch
    // (chunk root), kImageDigestMismatch, or the error of the disk or the engine. A block that changed
    // since it was retrieved is taken out of the store, to be retrieved again, and reported as
    // kBlockHashMismatch: that is our disk's fault, not the release's.
    [[nodiscard]] Result<void> finish(const ipfs::ImageReader& image);

    [[nodiscard]] std::uint64_t hashed() const noexcept { return hashed_; }

  private:
    [[nodiscard]] Result<void> hash_window(const ipfs::ImageReader& image, std::uint64_t end);

    ledger::ReleaseImage record_;
    compute::HashEngine* engine_;
    ipfs::BlockStore* store_;
    std::uint64_t hashed_ = 0;
    std::vector<Sha256Digest> digests_;  // of the chunks
    crypto::Sha256 whole_;
};

// A verification on the pool that keeps up with a download. On one executor.
class StreamedVerification : public std::enable_shared_from_this<StreamedVerification> {
  public:
    StreamedVerification(boost::asio::any_io_executor executor,
                         boost::asio::thread_pool& pool,
                         const ipfs::BlockStore& store,
                         ImageVerification verification)
        : pool_{&pool},
          store_{&store},
          verification_{std::move(verification)},
          idle_{std::move(executor)} {}

    // The first `bytes` of the image are stored. Returns at once.
    void reached(std::shared_ptr<const ipfs::RetrievedImage> image, std::uint64_t bytes);

    // All of it is stored: waits for the verdict. To be awaited once.
    [[nodiscard]] boost::asio::awaitable<Result<void>> finish(ipfs::ImageReader image);

  private:
    static boost::asio::awaitable<void> hash(std::shared_ptr<StreamedVerification> self,
                                             ipfs::ImageReader image,
                                             std::uint64_t end);

    boost::asio::thread_pool* pool_;
    const ipfs::BlockStore* store_;
    ImageVerification verification_;
    std::uint64_t asked_for_ = 0;  // of the image
    bool busy_ = false;
    boost::asio::steady_timer idle_;
};

class BulkVerifier {
  public:
    // All outlive the verifier, and what it begins.
    BulkVerifier(compute::HashEngine& engine,
                 ipfs::BlockStore& store,
                 boost::asio::thread_pool& pool)
        : engine_{&engine}, store_{&store}, pool_{&pool} {}

    [[nodiscard]] std::shared_ptr<StreamedVerification> begin(
        boost::asio::any_io_executor executor, const ledger::ReleaseImage& record);

  private:
    compute::HashEngine* engine_;
    ipfs::BlockStore* store_;
    boost::asio::thread_pool* pool_;
};

}  // namespace assay::gateway
