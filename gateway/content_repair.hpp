// One round of fetching again what the disk has lost: asks the sources of the configuration and those
// that its routers name, the faster ones first, and keeps score over the round, so that a source
// that is dead or lies costs it a few requests and not some for every block. Every block is hashed
// before it is stored. Used by the care of the content store. Io thread only.

#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/config.hpp"
#include "gateway/refusal_log.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/source_board.hpp"
#include "host/ipfs/trustless_client.hpp"

namespace assay::gateway {

// All of it outlives the round.
struct RepairParts {
    const Config& config;
    http::Client& client;
    ipfs::BlockStore& store;
    RefusalLog& refusals;
    boost::asio::thread_pool& disk;
};

class RepairRound {
  public:
    explicit RepairRound(const RepairParts& parts)
        : parts_{parts},
          sources_{parts.config.content_sources},
          board_{sources_.size()},
          router_failures_(parts.config.content_routers.size()) {}

    // True once the block is in the store.
    [[nodiscard]] boost::asio::awaitable<bool> repair(ipfs::Cid cid);

  private:
    // Of the sources from `first` on.
    [[nodiscard]] boost::asio::awaitable<bool> ask_sources(ipfs::Cid cid, std::size_t first);
    [[nodiscard]] boost::asio::awaitable<bool> ask(std::size_t source, ipfs::Cid cid);
    [[nodiscard]] boost::asio::awaitable<void> ask_routers(ipfs::Cid cid);
    void add_source(ipfs::Source source);
    void blame(std::size_t source, const ipfs::SourceError& problem);

    RepairParts parts_;
    std::vector<ipfs::Source> sources_;
    ipfs::SourceBoard board_;  // as many as sources_
    std::vector<int> router_failures_;
};

}  // namespace assay::gateway
