#include "gateway/group_commit.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "host/base_daemon/log.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::gateway {
namespace {

ledger::WriteBatch batch_of(const std::map<Bytes, std::optional<Bytes>>& changes) {
    ledger::WriteBatch batch;
    for (const auto& [key, value] : changes) {
        if (value) {
            batch.put(key, *value);
        } else {
            batch.erase(key);
        }
    }
    return batch;
}

}  // namespace

GroupCommit::~GroupCommit() {
    waiting_.clear();  // whoever waits is not resumed any more
    if (disk_->failure()) return;  // said already
    if (const auto written = write_all({}); !written) {
        log::error("store-failed", {{"reason", written.error().to_string()}});
    }
}

const std::optional<Bytes>* GroupCommit::find_change(ByteView key) const {
    if (pending_.empty() && flying_.empty()) return nullptr;
    const Bytes wanted = to_bytes(key);
    for (const Changes* const changes : {&pending_, &flying_}) {
        if (const auto found = changes->find(wanted); found != changes->end()) return &found->second;
    }
    return nullptr;
}

std::optional<Bytes> GroupCommit::get(ByteView key) const {
    if (disk_->failure()) return std::nullopt;
    const std::optional<Bytes>* const changed = find_change(key);
    return changed != nullptr ? *changed : disk_->get(key);
}

void GroupCommit::for_each(ByteView prefix, const Visitor& visit) const {
    if ((pending_.empty() && flying_.empty()) || disk_->failure()) return disk_->for_each(prefix, visit);
    std::map<Bytes, Bytes> all;
    disk_->for_each(prefix, [&](ByteView key, ByteView value) {
        all.emplace(to_bytes(key), to_bytes(value));
        return true;
    });
    for (const Changes* const changes : {&flying_, &pending_}) {
        for (auto at = changes->lower_bound(to_bytes(prefix)); at != changes->end(); ++at) {
            const auto& [key, value] = *at;
            if (key.size() < prefix.size() || !std::ranges::equal(ByteView(key).first(prefix.size()), prefix)) {
                break;
            }
            all.erase(key);
            if (value) all.emplace(key, *value);
        }
    }
    for (const auto& [key, value] : all) {
        if (!visit(key, value)) return;
    }
}

Result<void> GroupCommit::write_synced(const ledger::WriteBatch& batch) {
    if (!deferring_) return write_all(batch);
    if (disk_->failure()) return fail(*disk_->failure());
    defer(batch);
    return {};
}

void GroupCommit::defer(const ledger::WriteBatch& batch) {
    for (const auto& operation : batch.operations()) pending_[operation.key] = operation.value;
    ++deferred_;
    if (flight_is_due_ || flight_.valid()) return;
    flight_is_due_ = true;
    // Behind everything that is ready to run now.
    boost::asio::post(executor_, [this] { begin_flight(); });
}

void GroupCommit::begin_flight() {
    flight_is_due_ = false;
    if (flight_.valid() || pending_.empty()) return;
    flying_ = std::exchange(pending_, {});
    flight_up_to_ = deferred_;
    std::packaged_task<Result<void>()> write(
        [disk = disk_.get(), batch = batch_of(flying_)] { return disk->write_synced(batch); });
    flight_ = write.get_future();
    auto fly = [this, write = std::move(write), number = ++flights_]() mutable {
        write();
        boost::asio::post(executor_, [this, number] {
            if (number != flights_ || !flight_.valid()) return;  // a write that could not wait took it in
            take_in();
            begin_flight();
        });
    };
    boost::asio::post(writer_, std::move(fly));
}

// Waits for the flight that is under way, if it still is.
void GroupCommit::take_in() {
    const Result<void> written = flight_.get();
    flying_.clear();
    if (!written) log::error("store-failed", {{"reason", written.error().to_string()}});
    settle(written, flight_up_to_);
}

void GroupCommit::settle(const Result<void>& written, std::uint64_t up_to) {
    if (written) durable_ = up_to;
    for (boost::asio::steady_timer* const timer : waiting_) timer->cancel();
}

// What waits, and `last`, with one fsync.
Result<void> GroupCommit::write_all(const ledger::WriteBatch& last) {
    if (flight_.valid()) take_in();
    for (const auto& operation : last.operations()) pending_[operation.key] = operation.value;
    const Changes all = std::exchange(pending_, {});
    Result<void> written;
    if (!all.empty()) written = disk_->write_synced(batch_of(all));
    settle(written, deferred_);
    return written;
}

boost::asio::awaitable<Result<void>> GroupCommit::settled() {
    const std::uint64_t wanted = deferred_;
    while (durable_ < wanted && !disk_->failure()) {
        boost::asio::steady_timer timer(executor_, boost::asio::steady_timer::time_point::max());
        waiting_.insert(&timer);
        co_await timer.async_wait(kAsTuple);
        waiting_.erase(&timer);
    }
    if (durable_ < wanted) co_return fail(Error(*disk_->failure()));
    co_return Result<void>();
}

}  // namespace assay::gateway
