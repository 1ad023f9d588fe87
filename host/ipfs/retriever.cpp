#include "host/ipfs/retriever.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/compute/async.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "host/ipfs/source_board.hpp"
#include "host/ipfs/trustless_client.hpp"

namespace assay::ipfs {
namespace asio = boost::asio;
namespace {

constexpr std::uint64_t kWindowBytesMax = std::uint64_t{32} << 20;
constexpr unsigned kRequestsPerSource = 4;

// The blocks from `first` on that fit into one window together.
std::size_t window_end(std::span<const WantedBlock> blocks, std::size_t first) {
    std::uint64_t bytes = 0;
    std::size_t end = first;
    while (end < blocks.size() && bytes + blocks[end].bytes_max <= kWindowBytesMax) {
        bytes += blocks[end++].bytes_max;
    }
    return end;
}

// One running fetch; lives in the coroutine frame of Retriever::fetch.
class Fetch {
  public:
    Fetch(asio::any_io_executor executor,
          http::Client& client,
          BlockStore& store,
          compute::HashEngine& engine,
          asio::thread_pool& pool,
          RetrieveRequest request,
          DagWalk walk)
        : executor_{std::move(executor)},
          client_{client},
          store_{store},
          engine_{engine},
          pool_{pool},
          request_{std::move(request)},
          walk_{std::move(walk)},
          board_{request_.sources.size()} {}

    asio::awaitable<Result<RetrievedImage>> run() {
        // Until the root is pinned, nobody may collect what arrives.
        auto take_lease = [this] { return store_.lease(); };
        const auto lease = co_await compute::run_blocking(pool_, std::move(take_lease));
        if (!lease) co_return fail(lease.error());
        while (!walk_.complete()) {
            const std::vector<WantedBlock> nodes = walk_.wanted();
            auto obtained = co_await obtain(nodes, /*are_nodes=*/true);
            if (!obtained) co_return fail(std::move(obtained).error());
        }
        const std::vector<WantedBlock> leaves = walk_.raw_leaves();
        auto obtained = co_await obtain(leaves, /*are_nodes=*/false);
        if (!obtained) co_return fail(std::move(obtained).error());
        auto pin = [this] {
            const auto until = request_.keep_until;
            return until ? store_.pin_until(request_.root, *until) : store_.pin(request_.root);
        };
        auto pinned = co_await compute::run_blocking(pool_, std::move(pin));
        if (!pinned) co_return fail(std::move(pinned).error());
        co_return walk_.image();
    }

  private:
    // Nodes are given to the walk: what they say decides how it goes on. Raw leaves are not.
    asio::awaitable<Result<void>> obtain(std::span<const WantedBlock> blocks, bool are_nodes) {
        std::vector<WantedBlock> absent;
        for (std::size_t first = 0; first < blocks.size();) {
            const std::size_t end = window_end(blocks, first);
            auto load = [this, window = blocks.subspan(first, end - first), are_nodes, &absent] {
                return load_window(window, are_nodes, absent);
            };
            auto loaded = co_await compute::run_blocking(pool_, std::move(load));
            if (!loaded) co_return loaded;
            first = end;
        }
        if (!are_nodes) {
            for (const WantedBlock& leaf : absent) leaf_bytes_absent_ += leaf.bytes_max;
            report_progress();
        }
        co_return co_await fetch_all(absent, are_nodes);
    }

    asio::awaitable<Result<void>> fetch_all(std::span<const WantedBlock> blocks, bool are_nodes) {
        for (std::size_t first = 0; first < blocks.size();) {
            const std::size_t end = window_end(blocks, first);
            auto fetched = co_await fetch_window(blocks.subspan(first, end - first), are_nodes);
            if (!fetched) co_return fetched;
            first = end;
        }
        co_return Result<void>{};
    }

    asio::awaitable<Result<void>> fetch_window(std::span<const WantedBlock> blocks,
                                               bool are_nodes) {
        WindowBoard window(blocks, board_.size());
        while (!window.done()) {
            if (const auto* slot = window.hopeless(board_)) {
                co_return fail(Refusal::kContentIncomplete, "no source has block " +
                                                                slot->wanted.cid.to_string() +
                                                                " (" + board_.describe() + ")");
            }
            co_await ask_sources(window);
            std::vector<std::size_t> wrong;
            auto accept = [this, &window, &wrong, are_nodes] {
                return check_and_store(window, wrong, are_nodes);
            };
            auto accepted = co_await compute::run_blocking(pool_, std::move(accept));
            if (!accepted) co_return accepted;
            for (const std::size_t slot : wrong) refuse_wrong_block(window, slot);
        }
        if (!are_nodes) {
            for (const WantedBlock& leaf : blocks) leaf_bytes_absent_ -= leaf.bytes_max;
            report_progress();
        }
        co_return Result<void>{};
    }

    // Asks all usable sources in parallel until nobody can be asked for anything more.
    asio::awaitable<void> ask_sources(WindowBoard& window) {
        using Worker = decltype(asio::co_spawn(executor_, ask(window, 0), asio::deferred));
        std::vector<Worker> workers;
        for (std::size_t source = 0; source < board_.size(); ++source) {
            if (!board_.usable(source)) continue;
            for (unsigned i = 0; i < kRequestsPerSource; ++i) {
                workers.push_back(asio::co_spawn(executor_, ask(window, source), asio::deferred));
            }
        }
        auto group = asio::experimental::make_parallel_group(std::move(workers));
        co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
        window.release_unanswered();
    }

    asio::awaitable<void> ask(WindowBoard& window, std::size_t source) {
        while (board_.usable(source)) {
            const auto slot = window.take(source);
            if (!slot) co_return;
            const WantedBlock& wanted = window.slots()[*slot].wanted;
            auto bytes = co_await fetch_block(client_, request_.sources[source].url, wanted.cid,
                                              wanted.bytes_max);
            if (bytes) {
                board_.answered(source);
                window.arrived(*slot, source, std::move(*bytes));
            } else if (bytes.error().is(std::errc::no_such_file_or_directory)) {
                board_.answered(source);
                board_.note(source, bytes.error());
                window.missing(*slot, source);
            } else if (bytes.error().is(Refusal::kBlockTooLarge)) {
                window.failed(*slot);
                refuse(source, bytes.error());
            } else {
                window.failed(*slot);
                board_.failed(source, bytes.error());
            }
        }
    }

    // On the pool, while the coroutine waits. Blocks from the store are not believed either: a
    // damaged one is removed and fetched anew.
    Result<void> load_window(std::span<const WantedBlock> window,
                             bool are_nodes,
                             std::vector<WantedBlock>& absent) {
        std::vector<Bytes> blocks;
        std::vector<const WantedBlock*> present;
        for (const WantedBlock& wanted : window) {
            auto block = store_.get(wanted.cid, wanted.bytes_max);
            if (block) {
                blocks.push_back(std::move(*block));
                present.push_back(&wanted);
            } else {
                absent.push_back(wanted);
            }
        }
        const std::vector<ByteView> views(blocks.begin(), blocks.end());
        std::vector<Sha256Digest> digests(views.size());
        if (auto hashed = engine_.hash_batch(views, digests); !hashed) return hashed;
        for (std::size_t i = 0; i < views.size(); ++i) {
            const Cid& cid = present[i]->cid;
            Result<void> taken;
            if (digests[i] != cid.sha256()) {
                absent.push_back(*present[i]);
                taken = store_.remove(cid);
            } else if (are_nodes) {
                taken = walk_.add(cid, views[i]);
            }
            if (!taken) return taken;
        }
        return {};
    }

    // On the pool, while the coroutine waits. Collects slots whose bytes are not their block.
    Result<void> check_and_store(WindowBoard& window,
                                 std::vector<std::size_t>& wrong,
                                 bool are_nodes) {
        std::vector<std::size_t> fresh;
        std::vector<ByteView> views;
        for (std::size_t i = 0; i < window.slots().size(); ++i) {
            const WindowBoard::Slot& slot = window.slots()[i];
            if (!slot.arrived || slot.accepted) continue;
            fresh.push_back(i);
            views.push_back(slot.bytes);
        }
        std::vector<Sha256Digest> digests(views.size());
        if (auto hashed = engine_.hash_batch(views, digests); !hashed) return hashed;
        std::vector<Block> good;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            const Cid& cid = window.slots()[fresh[i]].wanted.cid;
            if (digests[i] == cid.sha256()) {
                good.emplace_back(cid, views[i]);
            } else {
                wrong.push_back(fresh[i]);
            }
        }
        if (auto stored = store_.put_many(good); !stored) return stored;
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            WindowBoard::Slot& slot = window.slots()[fresh[i]];
            if (digests[i] != slot.wanted.cid.sha256()) continue;
            if (are_nodes) {
                if (auto added = walk_.add(slot.wanted.cid, slot.bytes); !added) return added;
            }
            slot.accepted = true;
            slot.bytes = Bytes();
        }
        return {};
    }

    void refuse_wrong_block(WindowBoard& window, std::size_t index) {
        const WindowBoard::Slot& slot = window.slots()[index];
        const std::size_t source = slot.source;
        const Error error(
            make_error_code(Refusal::kBlockHashMismatch),
            "block " + slot.wanted.cid.to_string() + " from " + request_.sources[source].url);
        window.reject(index);
        refuse(source, error);
    }

    void refuse(std::size_t source, const Error& error) {
        if (board_.ban(source, error) && request_.on_refusal) {
            request_.on_refusal(request_.sources[source], error);
        }
    }

    void report_progress() const {
        if (request_.on_progress) {
            request_.on_progress(request_.bytes - leaf_bytes_absent_, request_.bytes);
        }
    }

    asio::any_io_executor executor_;
    http::Client& client_;
    BlockStore& store_;
    compute::HashEngine& engine_;
    asio::thread_pool& pool_;
    RetrieveRequest request_;
    DagWalk walk_;
    SourceBoard board_;
    std::uint64_t leaf_bytes_absent_ = 0;
};

}  // namespace

asio::awaitable<Result<RetrievedImage>> Retriever::fetch(RetrieveRequest request) {
    auto walk = DagWalk::start(request.root, request.bytes, request.chunk_bytes);
    if (!walk) co_return fail(std::move(walk).error().within(request.root.to_string()));
    const std::string name = "image " + request.root.to_string();
    Fetch running(executor_, *client_, *store_, *engine_, *pool_, std::move(request),
                  std::move(*walk));
    auto image = co_await running.run();
    if (!image) co_return fail(std::move(image).error().within(name));
    co_return std::move(*image);
}

}  // namespace assay::ipfs
