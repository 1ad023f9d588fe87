#include "host/ipfs/retriever.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/compute/async.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "host/ipfs/delegated_routing.hpp"
#include "host/ipfs/multiaddr.hpp"
#include "host/ipfs/transfer.hpp"

namespace assay::ipfs {
namespace asio = boost::asio;
namespace {

constexpr std::uint64_t kWindowBytesMax = std::uint64_t{32} << 20;
constexpr std::size_t kRoutedSourcesMax = 16;

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
    Fetch(FetchContext& context, DagWalk walk) : context_{context}, walk_{std::move(walk)} {}

    asio::awaitable<Result<RetrievedImage>> run() {
        // Until the root is pinned, nobody may collect what arrives.
        auto take_lease = [this] { return context_.store.lease(); };
        const auto lease = co_await compute::run_blocking(context_.pool, std::move(take_lease));
        if (!lease) co_return fail(lease.error());
        while (!walk_.complete()) {
            auto obtained = co_await obtain_nodes();
            if (!obtained) co_return fail(std::move(obtained).error());
        }
        auto obtained = co_await obtain_leaves();
        if (!obtained) co_return fail(std::move(obtained).error());
        auto pin = [this] {
            const RetrieveRequest& request = context_.request;
            return request.keep_until ? context_.store.pin_until(request.root, *request.keep_until)
                                      : context_.store.pin(request.root);
        };
        auto pinned = co_await compute::run_blocking(context_.pool, std::move(pin));
        if (!pinned) co_return fail(std::move(pinned).error());
        co_return RetrievedImage(*image_);
    }

  private:
    // What nodes say decides how the walk goes on.
    asio::awaitable<Result<void>> obtain_nodes() {
        const std::vector<WantedBlock> nodes = walk_.wanted();
        std::vector<std::size_t> absent;
        auto loaded = co_await load(nodes, /*are_nodes=*/true, absent);
        if (!loaded || absent.empty()) co_return loaded;
        const std::vector<WantedBlock> wanted = pick(nodes, absent);
        Transfer::Hooks hooks;
        hooks.checked = [this, &wanted](std::size_t block, ByteView bytes) {
            return walk_.add(wanted[block].cid, bytes);  // hashes leaves that are no raw blocks
        };
        Transfer transfer(context_, wanted, std::move(hooks));
        co_return co_await transfer.run();
    }

    asio::awaitable<Result<void>> obtain_leaves() {
        const std::vector<WantedBlock> leaves = walk_.raw_leaves();
        image_ = std::make_shared<const RetrievedImage>(walk_.image());
        std::vector<std::size_t> absent;
        auto loaded = co_await load(leaves, /*are_nodes=*/false, absent);
        if (!loaded) co_return loaded;
        const std::vector<WantedBlock> wanted = pick(leaves, absent);
        for (const WantedBlock& leaf : wanted) bytes_absent_ += leaf.bytes_max;
        report_progress();
        if (wanted.empty()) co_return Result<void>{};
        const Transfer* running = nullptr;
        Transfer::Hooks hooks;
        hooks.stored = [this, &wanted, &running](std::size_t block) {
            bytes_absent_ -= wanted[block].bytes_max;
            report_progress();
            report_prefix(wanted, running->queue().accepted_in_row());
        };
        Transfer transfer(context_, wanted, std::move(hooks));
        running = &transfer;
        co_return co_await transfer.run();
    }

    static std::vector<WantedBlock> pick(std::span<const WantedBlock> blocks,
                                         const std::vector<std::size_t>& which) {
        std::vector<WantedBlock> out;
        out.reserve(which.size());
        for (const std::size_t index : which) out.push_back(blocks[index]);
        return out;
    }

    // Which blocks the store lacks, in their order. Asks the routers if there are any.
    asio::awaitable<Result<void>> load(std::span<const WantedBlock> blocks,
                                       bool are_nodes,
                                       std::vector<std::size_t>& absent) {
        for (std::size_t first = 0; first < blocks.size();) {
            const std::size_t end = window_end(blocks, first);
            auto work = [this, blocks, first, end, are_nodes, &absent] {
                return load_window(blocks, first, end, are_nodes, absent);
            };
            auto loaded = co_await compute::run_blocking(context_.pool, std::move(work));
            if (!loaded) co_return loaded;
            first = end;
        }
        std::sort(absent.begin(), absent.end());
        if (!absent.empty() && !routers_asked_) co_await ask_routers();
        co_return Result<void>{};
    }

    // A router that does not answer is no reason to give up.
    asio::awaitable<void> ask_routers() {
        routers_asked_ = true;
        std::size_t found = 0;
        for (const std::string& router : context_.request.routers) {
            auto providers = co_await find_providers(context_.client, router, context_.request.root,
                                                     /*only_itself=*/false);
            if (!providers) continue;
            for (const Provider& provider : *providers) {
                for (const std::string& multiaddr : provider.multiaddrs) {
                    const auto url = url_of_multiaddr(multiaddr);
                    if (url && found < kRoutedSourcesMax && add_source(Source(*url))) ++found;
                }
            }
        }
    }

    bool add_source(Source source) {
        auto& sources = context_.request.sources;
        const auto same = [&](const Source& known) { return known.url == source.url; };
        if (std::any_of(sources.begin(), sources.end(), same)) return false;
        sources.push_back(std::move(source));
        context_.board.add();
        return true;
    }

    // On the pool, while the coroutine waits. Blocks from the store are not believed either: a
    // damaged one is removed and fetched anew.
    Result<void> load_window(std::span<const WantedBlock> all,
                             std::size_t first,
                             std::size_t end,
                             bool are_nodes,
                             std::vector<std::size_t>& absent) {
        std::vector<Bytes> blocks;
        std::vector<std::size_t> present;
        for (std::size_t i = first; i < end; ++i) {
            auto block = context_.store.get(all[i].cid, all[i].bytes_max);
            if (block) {
                blocks.push_back(std::move(*block));
                present.push_back(i);
            } else {
                absent.push_back(i);
            }
        }
        std::vector<Block> named;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            named.emplace_back(all[present[i]].cid, blocks[i]);
        }
        const auto right = check_blocks(named, context_.engine);
        if (!right) return fail(right.error());
        for (std::size_t i = 0; i < named.size(); ++i) {
            const Cid& cid = named[i].cid;
            Result<void> taken;
            if (!(*right)[i]) {
                absent.push_back(present[i]);
                taken = context_.store.remove(cid);
            } else if (are_nodes) {
                taken = walk_.add(cid, named[i].bytes);
            }
            if (!taken) return taken;
        }
        return {};
    }

    void report_progress() const {
        const RetrieveRequest& request = context_.request;
        if (request.on_progress) request.on_progress(request.bytes - bytes_absent_, request.bytes);
    }

    // The first of those that were wanted are there now, and so is all that lies before the next.
    void report_prefix(std::span<const WantedBlock> wanted, std::size_t fetched) {
        if (!context_.request.on_prefix || fetched == wanted.size()) return;
        const std::uint64_t bytes = *wanted[fetched].offset;
        if (std::exchange(prefix_reported_, bytes) == bytes) return;
        context_.request.on_prefix(image_, bytes);
    }

    FetchContext& context_;
    DagWalk walk_;
    std::uint64_t bytes_absent_ = 0;
    std::uint64_t prefix_reported_ = 0;
    std::shared_ptr<const RetrievedImage> image_;  // once the tree is known
    bool routers_asked_ = false;
};

}  // namespace

asio::awaitable<Result<RetrievedImage>> Retriever::fetch(RetrieveRequest request) {
    auto walk = DagWalk::start(request.root, request.bytes, request.chunk_bytes);
    if (!walk) co_return fail(std::move(walk).error().within(request.root.to_string()));
    const std::string name = "image " + request.root.to_string();
    FetchContext context(executor_, *client_, *store_, *engine_, *pool_, std::move(request));
    Fetch running(context, std::move(*walk));
    auto image = co_await running.run();
    if (!image) co_return fail(std::move(image).error().within(name));
    co_return std::move(*image);
}

}  // namespace assay::ipfs
