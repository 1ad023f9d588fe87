#include "gateway/content_care.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "gateway/content_repair.hpp"
#include "host/base_daemon/log.hpp"
#include "host/compute/async.hpp"
#include "host/http/as_tuple.hpp"

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
    collect_.join();
    disk_.join();
}

void ContentCare::start() {
    if (parts_.config.collect_every.count() > 0) tasks_.spawn(collect_now_and_then());
    if (parts_.config.scrub_every.count() > 0) {
        tasks_.spawn(scrub_now_and_then());
        tasks_.spawn(repair_what_is_damaged());
    }
}

void ContentCare::begin_stop() { stop_.request_stop(); }

boost::asio::awaitable<void> ContentCare::stop() {
    begin_stop();
    co_await tasks_.stop();
}

std::int64_t ContentCare::now() const { return parts_.clock.now().time_since_epoch().count(); }

boost::asio::awaitable<void> ContentCare::sleep(std::chrono::steady_clock::duration time) {
    boost::asio::steady_timer timer(parts_.executor, time);
    co_await timer.async_wait(kAsTuple);
}

boost::asio::awaitable<Result<ipfs::CollectReport>> ContentCare::collect(bool try_only) {
    std::vector<ipfs::Cid> in_use = parts_.in_use();
    const auto time = std::min(parts_.clock.now(), parts_.ledger_time()).time_since_epoch();
    auto prepare = [this, &in_use, at = static_cast<std::uint64_t>(time.count())] {
        auto begun = ipfs::Collection::begin(parts_.store, at, stop_.get_token());
        auto ready = begun ? begun->mark(in_use) : Result<void>();
        if (begun && ready) ready = begun->close();
        return ready ? std::move(begun) : Result<ipfs::Collection>(fail(std::move(ready).error()));
    };
    auto collection = co_await compute::run_blocking(collect_, std::move(prepare));
    if (!collection) co_return fail(std::move(collection).error());
    in_use = parts_.in_use();  // nothing more arrives from now on
    auto sweep = [&collection, &in_use, try_only] { return collection->sweep(in_use, try_only); };
    auto done = co_await compute::run_blocking(collect_, std::move(sweep));
    if (!done) co_return fail(std::move(done).error());
    if (!try_only) {
        if (done->blocks_removed > 0) {
            log::info("content-collected", {{"blocks", done->blocks_removed},
                                            {"bytes", done->bytes_removed},
                                            {"pins_expired", done->pins_expired.size()}});
        }
        collected_.emplace(Collected{now(), *done});
        collect_problem_.clear();
    }
    co_return std::move(*done);
}

boost::asio::awaitable<void> ContentCare::collect_now_and_then() {
    const std::chrono::seconds every = parts_.config.collect_every;
    co_await sleep(first_pause(every));
    for (;;) {
        const auto done = co_await collect(/*try_only=*/false);
        if (!done) {
            collect_problem_ = done.error().to_string();
            if (!done.error().is(std::errc::resource_unavailable_try_again)) {
                log::warning("content-not-collected", {{"reason", collect_problem_}});
            }
        }
        const std::chrono::seconds again = std::min<std::chrono::seconds>(every, kCollectAgain);
        co_await sleep(done ? every : again);
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
        RepairRound round({parts_.config, client_, parts_.store, parts_.refusals, disk_});
        for (const ipfs::Cid& cid : *lost) {
            const bool repaired = co_await round.repair(cid);
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

boost::json::object describe_collection(const ipfs::CollectReport& report) {
    boost::json::object out;
    boost::json::array expired;
    for (const ipfs::Cid& cid : report.pins_expired) expired.emplace_back(cid.to_string());
    out["pins_expired"] = std::move(expired);
    out["blocks_kept"] = report.blocks_kept;
    out["blocks_removed"] = report.blocks_removed;
    out["bytes_removed"] = report.bytes_removed;
    out["damaged_removed"] = report.damaged_removed;
    return out;
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
