// Fetches an image into the block store from several sources at once: trustless gateways
// (specs.ipfs.tech/http-gateways/trustless-gateway), other appliances among them, and Kubo nodes;
// delegated routers may name more on the way.
//
// Nobody is believed: every block is hashed, in bulk on the engine, and compared with its CID
// before it is stored. A source that sends a wrong block is reported and not asked again during the
// fetch; its blocks come from elsewhere. Faster sources are asked for more. A block that takes much
// longer than others do is asked for a second time elsewhere, and the first good copy counts.
//
// Blocks that are in the store already are hashed again (disks forget, too) and not fetched, so a
// fetch that was cut off goes on where it stopped: what had been asked for and was not yet stored,
// at most kFetchWindowBytes, is fetched again. A fetch of an image that is here already checks it.
//
// Thread-safety: everything runs on `executor`, which must not run two handlers at once, except
// hashing and disk work, which run on `pool`. Join the pool before the executor's context ends. The
// retriever must outlive its fetches; several may run at once. A cancelled fetch ends with Asio's
// operation_aborted, once its requests and its disk work have ended.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/image_reader.hpp"
#include "host/ipfs/source.hpp"

namespace assay::ipfs {

inline constexpr std::uint64_t kFetchWindowBytes = std::uint64_t{16} << 20;

struct RetrieveRequest {
    RetrieveRequest(Cid image_root,
                    std::uint64_t image_bytes,
                    std::uint64_t image_chunk_bytes,
                    std::vector<Source> image_sources)
        : root{std::move(image_root)},
          bytes{image_bytes},
          chunk_bytes{image_chunk_bytes},
          sources{std::move(image_sources)} {}

    Cid root;
    std::uint64_t bytes;        // exactly, as the release record says
    std::uint64_t chunk_bytes;  // likewise
    // Unix seconds, as the record says; without it the image is pinned by hand.
    std::optional<std::uint64_t> keep_until;
    std::vector<Source> sources;
    std::vector<std::string> routers;  // delegated routing, asked once for more sources

    // Called on the executor. A refusal (block-hash-mismatch, block-too-large) also bans the source
    // for the rest of this fetch.
    std::function<void(const Source&, const Error&)> on_refusal;
    // Once the tree is known, and whenever blocks were stored. Done means: need not be fetched.
    std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> on_progress;
    // The first `bytes` of the image are stored and have their hashes, while later ones are still
    // being fetched: for whoever goes through it in order. Not called again for the whole.
    std::function<void(std::shared_ptr<const RetrievedImage> image, std::uint64_t bytes)> on_prefix;
};

class Retriever {
  public:
    Retriever(boost::asio::any_io_executor executor,
              http::Client& client,
              BlockStore& store,
              compute::HashEngine& engine,
              boost::asio::thread_pool& pool)
        : executor_{std::move(executor)},
          client_{&client},
          store_{&store},
          engine_{&engine},
          pool_{&pool} {}

    // Ends with every block in the store and the root pinned. Fails with kContentIncomplete if no
    // source had a block (the text says which, and what each source answered last); with
    // kContentTooLarge, kLimitExceeded or kMalformed if the DAG is not what the record describes;
    // with the error of the disk or of the engine.
    [[nodiscard]] boost::asio::awaitable<Result<RetrievedImage>> fetch(RetrieveRequest request);

  private:
    boost::asio::any_io_executor executor_;
    http::Client* client_;
    BlockStore* store_;
    compute::HashEngine* engine_;
    boost::asio::thread_pool* pool_;
};

}  // namespace assay::ipfs
