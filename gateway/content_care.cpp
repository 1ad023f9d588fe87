#include "gateway/content_care.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/json/object.hpp>

#include "host/base_daemon/log.hpp"
#include "host/compute/async.hpp"
#include "host/http/as_tuple.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/delegated_routing.hpp"
#include "host/ipfs/multiaddr.hpp"
#include "host/ipfs/trustless_client.hpp"

namespace assay::gateway {
namespace {

// Not in the first moments: a daemon that has just started has releases to carry.
constexpr std::chrono::seconds kFirstLook{60};
// A store that is written to cannot be collected; a source that is down may come back.
constexpr std::chrono::minutes kCollectAgain{10};
constexpr std::chrono::minutes kRepairAgain{1};

std::chrono::steady_clock::duration first_pause(std::chrono::seconds every) {
    return std::min(every, kFirstLook);
}

}  // namespace

ContentCare::ContentCare(ContentCareParts parts)
    : parts_{std::move(parts)},
      client_{parts_.executor, parts_.tls},
      damage_found_{parts_.executor},
      tasks_{parts_.executor} {}

ContentCare::~ContentCare() {
    stop_.request_stop();
    scrub_.join();
    disk_.join();
}

void ContentCare::start() {
    if (parts_.config.collect_every.count() > 0) tasks_.spawn(collect_now_and_then());
    if (parts_.config.scrub_every.count() > 0) {
        tasks_.spawn(scrub_now_and_then());
        tasks_.spawn(repair_what_is_damaged());
    }
}

boost::asio::awaitable<void> ContentCare::stop() {
    stop_.request_stop();  // of a scrub: it ends within a moment
    co_await tasks_.stop();
}

std::int64_t ContentCare::now() const { return parts_.clock.now().time_since_epoch().count(); }

boost::asio::awaitable<void> ContentCare::sleep(std::chrono::steady_clock::duration time) {
    boost::asio::steady_timer timer(parts_.executor, time);
    co_await timer.async_wait(kAsTuple);
}

boost::asio::awaitable<void> ContentCare::collect_now_and_then() {
    const std::chrono::seconds every = parts_.config.collect_every;
    co_await sleep(first_pause(every));
    for (;;) {
        const std::vector<ipfs::Cid> in_use = parts_.in_use();
        const auto time = std::min(parts_.clock.now(), parts_.ledger_time()).time_since_epoch();
        auto work = [this, &in_use, at = static_cast<std::uint64_t>(time.count())] {
            return ipfs::collect_blocks(parts_.store, at, /*try_only=*/false, in_use);
        };
        auto done = co_await compute::run_blocking(disk_, std::move(work));
        collect_problem_ = done ? "" : done.error().to_string();
        if (done) {
            if (done->blocks_removed > 0) {
                log::info("content-collected", {{"blocks", done->blocks_removed},
                                                {"bytes", done->bytes_removed},
                                                {"pins_expired", done->pins_expired.size()}});
            }
            collected_.emplace(Collected{now(), std::move(*done)});
        } else if (!done.error().is(std::errc::resource_unavailable_try_again)) {
            log::warning("content-not-collected", {{"reason", collect_problem_}});
        }
        const std::chrono::seconds again = std::min<std::chrono::seconds>(every, kCollectAgain);
        co_await sleep(collect_problem_.empty() ? every : again);
    }
}

boost::asio::awaitable<void> ContentCare::scrub_now_and_then() {
    const std::chrono::seconds every = parts_.config.scrub_every;
    co_await sleep(first_pause(every));
    for (;;) {
        ipfs::ScrubOptions options;
        options.share = parts_.config.scrub_share;
        options.from_start = false;  // a daemon that is started every day gets through, too
        options.stop = stop_.get_token();
        options.on_damaged = [this](const ipfs::Cid& cid) {
            boost::asio::post(parts_.executor, [this, cid] {
                ++damaged_;
                log::warning("block-damaged", {{"block", cid.to_string()}});
                parts_.refusals.record(Error(make_error_code(Refusal::kBlockHashMismatch),
                                             "block " + cid.to_string() + " on this disk"));
                damage_found_.wake();
            });
        };
        auto work = [this, &options] {
            return ipfs::scrub_blocks(parts_.store, parts_.engine, options);
        };
        scrubbing_ = true;
        auto done = co_await compute::run_blocking(scrub_, std::move(work));
        scrubbing_ = false;
        if (done) {
            log::info("content-scrubbed", {{"blocks", done->blocks},
                                           {"bytes", done->bytes},
                                           {"damaged", done->damaged.size()}});
            scrubbed_.emplace(Scrubbed{now(), std::move(*done)});
        } else {
            log::warning("content-not-scrubbed", {{"reason", done.error().to_string()}});
        }
        co_await sleep(every);
    }
}

boost::asio::awaitable<void> ContentCare::repair_what_is_damaged() {
    for (;;) {
        auto look = [this] { return parts_.store.lost_blocks(); };
        const auto lost = co_await compute::run_blocking(disk_, std::move(look));
        if (!lost) {
            log::warning("content-not-repaired", {{"reason", lost.error().to_string()}});
            co_await damage_found_.sleep(kRepairAgain);
            continue;
        }
        std::erase_if(outstanding_, [&](const ipfs::Cid& cid) {  // some came back by other ways
            return std::ranges::find(*lost, cid) == lost->end();
        });
        for (const ipfs::Cid& cid : *lost) {
            const bool repaired = co_await repair(cid);
            note_repair(cid, repaired);
        }
        co_await damage_found_.sleep(kRepairAgain);
    }
}

void ContentCare::note_repair(const ipfs::Cid& cid, bool repaired) {
    if (repaired) {
        ++repaired_;
        outstanding_.erase(cid);
        log::info("block-repaired", {{"block", cid.to_string()}});
    } else if (outstanding_.insert(cid).second) {
        log::warning("block-not-repaired", {{"block", cid.to_string()}});
    }
}

boost::asio::awaitable<bool> ContentCare::repair(ipfs::Cid cid) {
    for (const ipfs::Source& source : parts_.config.content_sources) {
        if (co_await repair_from(source, cid)) co_return true;
    }
    for (const std::string& router : parts_.config.content_routers) {
        const auto providers = co_await ipfs::find_providers(client_, router, cid, false);
        for (std::size_t i = 0; providers && i < providers->size(); ++i) {
            for (const std::string& multiaddr : (*providers)[i].multiaddrs) {
                const auto url = ipfs::url_of_multiaddr(multiaddr);
                if (!url) continue;
                ipfs::Source source(*url);
                if (co_await repair_from(std::move(source), cid)) co_return true;
            }
        }
    }
    co_return false;
}

// The store names blocks by their hash alone, so the raw CID gets any block.
boost::asio::awaitable<bool> ContentCare::repair_from(ipfs::Source source, ipfs::Cid cid) {
    const auto block = co_await ipfs::fetch_block(client_, source, cid, ipfs::kBlockBytesMax);
    if (!block) co_return false;
    auto work = [this, &cid, &block]() -> Result<void> {
        if (!ipfs::is_block_of(cid, *block)) {
            return fail(Refusal::kBlockHashMismatch, "block " + cid.to_string());
        }
        if (auto put = parts_.store.put(cid, *block); !put) return put;
        return parts_.store.forget_lost(cid);
    };
    const auto stored = co_await compute::run_blocking(disk_, std::move(work));
    if (!stored) parts_.refusals.record(Error(stored.error()).within(source.url));
    co_return stored.has_value();
}

boost::json::object ContentCare::status() const {
    boost::json::object out;
    out["scrubbing"] = scrubbing_;
    if (scrubbed_) {
        boost::json::object& scrub = out["scrub"].emplace_object();
        scrub["ended"] = scrubbed_->at;
        scrub["blocks"] = scrubbed_->report.blocks;
        scrub["bytes"] = scrubbed_->report.bytes;
        scrub["damaged"] = scrubbed_->report.damaged.size();
    }
    if (collected_) {
        boost::json::object& collect = out["collect"].emplace_object();
        collect["ended"] = collected_->at;
        collect["blocks_kept"] = collected_->report.blocks_kept;
        collect["blocks_removed"] = collected_->report.blocks_removed;
        collect["bytes_removed"] = collected_->report.bytes_removed;
    }
    if (!collect_problem_.empty()) out["collect_problem"] = collect_problem_;
    out["damaged"] = damaged_;
    out["repaired"] = repaired_;
    out["not_repaired"] = outstanding_.size();
    return out;
}

}  // namespace assay::gateway
