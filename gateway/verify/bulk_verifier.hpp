// Hashes a retrieved image once more, as it lies on the disk, against the signed record: every
// chunk in bulk on the hash engine, the chunk root over them, and the digest of the whole image.
// Nothing is offered to a device before this has passed. Used by the update flow.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/image_reader.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::gateway {

// Blocks; memory use is bounded by a window of 32 MiB. Fails with kContentTooLarge or
// kContentIncomplete (size), kChunkHashMismatch (chunk root), kImageDigestMismatch, or the error of
// the disk or the engine. A block that changed since it was retrieved is taken out of `store`, to
// be retrieved again, and reported as kBlockHashMismatch: that is our disk's fault, not the
// release's.
[[nodiscard]] Result<void> verify_image(const ipfs::ImageReader& image,
                                        const ledger::ReleaseImage& record,
                                        compute::HashEngine& engine,
                                        ipfs::BlockStore& store);

class BulkVerifier {
  public:
    // All outlive the verifier.
    BulkVerifier(compute::HashEngine& engine,
                 ipfs::BlockStore& store,
                 boost::asio::thread_pool& pool)
        : engine_{&engine}, store_{&store}, pool_{&pool} {}

    // The same on the pool, so that the io thread goes on.
    [[nodiscard]] boost::asio::awaitable<Result<void>> verify(ipfs::ImageReader image,
                                                              ledger::ReleaseImage record);

  private:
    compute::HashEngine* engine_;
    ipfs::BlockStore* store_;
    boost::asio::thread_pool* pool_;
};

}  // namespace assay::gateway
