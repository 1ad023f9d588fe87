// Fetches a list of blocks from the sources of one fetch: decides who is asked for what and when,
// has what arrives hashed and stored, and says what is wrong with whom. Internal to the retriever.
//
// One coroutine decides; each request and each visit to the pool is a coroutine of its own that
// reports back to it. All run on one executor and have ended when run() returns.

#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/compute/hash_engine.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/block_queue.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/retriever.hpp"
#include "host/ipfs/source_board.hpp"
#include "host/ipfs/trustless_client.hpp"

namespace assay::ipfs {

// What a fetch works with, and what it knows of its sources for as long as it lasts.
struct FetchContext {
    FetchContext(boost::asio::any_io_executor on,
                 http::Client& http_client,
                 BlockStore& block_store,
                 compute::HashEngine& hash_engine,
                 boost::asio::thread_pool& thread_pool,
                 RetrieveRequest retrieve_request)
        : executor{std::move(on)},
          client{http_client},
          store{block_store},
          engine{hash_engine},
          pool{thread_pool},
          request{std::move(retrieve_request)},
          board{request.sources.size()} {}

    void refuse(std::size_t source, const Error& error) {
        if (board.ban(source, error) && request.on_refusal) {
            request.on_refusal(request.sources[source], error);
        }
    }

    boost::asio::any_io_executor executor;
    http::Client& client;
    BlockStore& store;
    compute::HashEngine& engine;
    boost::asio::thread_pool& pool;
    RetrieveRequest request;
    SourceBoard board;  // as many as request.sources
};

class Transfer {
  public:
    struct Hooks {
        // On the pool, one at a time, for each block that has its hash, before it is stored. An error
        // ends the transfer. May be null.
        std::function<Result<void>(std::size_t block, ByteView bytes)> checked;
        // On the executor, once it is stored. May be null.
        std::function<void(std::size_t block)> stored;
    };

    Transfer(FetchContext& context, std::span<const WantedBlock> blocks, Hooks hooks);

    [[nodiscard]] boost::asio::awaitable<Result<void>> run();

    [[nodiscard]] const BlockQueue& queue() const noexcept { return queue_; }

  private:
    using Clock = std::chrono::steady_clock;

    // A request under way.
    struct Running {
        std::size_t source = 0;
        std::vector<std::size_t> slots;  // not delivered yet
        Clock::time_point since;
        boost::asio::cancellation_signal stop;
        bool unwanted = false;  // stopped by us: its end says nothing about the source
        std::optional<SourceError> problem;
    };
    using RunningPtr = std::list<Running>::iterator;

    [[nodiscard]] Result<bool> step();  // true: finished
    void ask_everyone();
    bool ask(std::size_t source);
    [[nodiscard]] std::uint64_t part_bytes_of(std::size_t source) const;
    void start(std::size_t source, std::vector<std::size_t> slots);
    boost::asio::awaitable<void> run_block(RunningPtr running);
    boost::asio::awaitable<void> run_part(RunningPtr running);
    void deliver(RunningPtr running, std::size_t slot, Bytes bytes);
    void end(RunningPtr running);
    void blame(std::size_t source, const SourceError& problem);

    void maybe_store();
    boost::asio::awaitable<void> store(std::vector<std::size_t> slots);
    [[nodiscard]] Result<std::vector<bool>> check_and_store(std::span<const std::size_t> slots);
    void accept(std::size_t slot);
    void reject(std::size_t slot);

    boost::asio::awaitable<void> wait(Clock::duration at_most);
    void wake() { wakeup_.cancel(); }

    FetchContext& context_;
    BlockQueue queue_;
    Hooks hooks_;
    std::list<Running> running_;
    std::list<Running> ended_;  // kept for a moment: their signals must outlive their coroutines
    bool storing_ = false;
    std::optional<Error> error_;  // of the disk, the engine or the walk: ends everything
    boost::asio::steady_timer wakeup_;
};

}  // namespace assay::ipfs
