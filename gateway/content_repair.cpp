#include "gateway/content_repair.hpp"

#include <algorithm>

#include "host/compute/async.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/delegated_routing.hpp"
#include "host/ipfs/multiaddr.hpp"

namespace assay::gateway {
namespace {

constexpr int kRouterFailuresMax = 3;
// Of the configuration and from routers together.
constexpr std::size_t kRepairSourcesMax = 128;

}  // namespace

boost::asio::awaitable<bool> RepairRound::repair(ipfs::Cid cid) {
    const std::size_t known = sources_.size();
    if (co_await ask_sources(cid, 0)) co_return true;
    co_await ask_routers(cid);
    co_return co_await ask_sources(cid, known);
}

boost::asio::awaitable<bool> RepairRound::ask_sources(ipfs::Cid cid, std::size_t first) {
    const std::vector<std::size_t> order = board_.by_speed();
    for (const std::size_t source : order) {
        if (source < first || !board_.may_ask(source, std::chrono::steady_clock::now())) continue;
        if (co_await ask(source, cid)) co_return true;
    }
    co_return false;
}

// The store names blocks by their hash alone, so the raw CID gets any block.
boost::asio::awaitable<bool> RepairRound::ask(std::size_t source, ipfs::Cid cid) {
    const ipfs::Source from = sources_[source];
    const auto since = std::chrono::steady_clock::now();
    board_.asked(source);
    const auto block = co_await ipfs::fetch_block(parts_.client, from, cid, ipfs::kBlockBytesMax);
    board_.released(source);
    if (!block) {
        blame(source, block.error());
        co_return false;
    }
    if (!ipfs::is_block_of(cid, *block)) {
        const Error lie(make_error_code(Refusal::kBlockHashMismatch),
                        "block " + cid.to_string() + " from " + from.url);
        blame(source, ipfs::SourceError(ipfs::SourceFault::kLies, lie));
        co_return false;
    }
    board_.answered(source, block->size(), std::chrono::steady_clock::now() - since);
    auto work = [this, &cid, &block]() -> Result<void> {
        if (auto put = parts_.store.put(cid, *block); !put) return put;
        return parts_.store.forget_lost(cid);
    };
    const auto stored = co_await compute::run_blocking(parts_.disk, std::move(work));
    co_return stored.has_value();
}

void RepairRound::blame(std::size_t source, const ipfs::SourceError& problem) {
    switch (problem.fault) {
        case ipfs::SourceFault::kLacks: board_.lacks(source, problem.error); break;
        case ipfs::SourceFault::kLies:
            if (board_.ban(source, problem.error)) parts_.refusals.record(problem.error);
            break;
        case ipfs::SourceFault::kBusy:
            board_.rest(source, std::chrono::steady_clock::now() + problem.rest, problem.error);
            break;
        case ipfs::SourceFault::kFailed: board_.failed(source, problem.error); break;
    }
}

boost::asio::awaitable<void> RepairRound::ask_routers(ipfs::Cid cid) {
    for (std::size_t i = 0; i < router_failures_.size(); ++i) {
        if (router_failures_[i] >= kRouterFailuresMax) continue;
        const std::string& router = parts_.config.content_routers[i];
        const auto providers = co_await ipfs::find_providers(parts_.client, router, cid, false);
        router_failures_[i] = providers ? 0 : router_failures_[i] + 1;
        if (!providers) continue;
        for (const ipfs::Provider& provider : *providers) {
            for (const std::string& multiaddr : provider.multiaddrs) {
                if (const auto url = ipfs::url_of_multiaddr(multiaddr)) add_source(ipfs::Source(*url));
            }
        }
    }
}

void RepairRound::add_source(ipfs::Source source) {
    const auto same = [&source](const ipfs::Source& known) { return known.url == source.url; };
    if (sources_.size() >= kRepairSourcesMax || std::ranges::any_of(sources_, same)) return;
    sources_.push_back(std::move(source));
    board_.add();
}

}  // namespace assay::gateway
