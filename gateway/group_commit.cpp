#include "gateway/group_commit.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "host/base_daemon/log.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::gateway {

std::optional<Bytes> GroupCommit::get(ByteView key) const {
    if (disk_->failure()) return std::nullopt;
    if (!pending_.empty()) {
        const auto found = pending_.find(to_bytes(key));
        if (found != pending_.end()) return found->second;
    }
    return disk_->get(key);
}

void GroupCommit::for_each(ByteView prefix, const Visitor& visit) const {
    if (pending_.empty() || disk_->failure()) return disk_->for_each(prefix, visit);
    std::map<Bytes, Bytes> all;
    disk_->for_each(prefix, [&](ByteView key, ByteView value) {
        all.emplace(to_bytes(key), to_bytes(value));
        return true;
    });
    for (const auto& [key, value] : pending_) {
        if (key.size() < prefix.size() || !std::ranges::equal(ByteView(key).first(prefix.size()), prefix)) {
            continue;
        }
        all.erase(key);
        if (value) all.emplace(key, *value);
    }
    for (const auto& [key, value] : all) {
        if (!visit(key, value)) return;
    }
}

Result<void> GroupCommit::write_synced(const ledger::WriteBatch& batch) {
    if (!deferring_) return flush(batch);
    if (disk_->failure()) return fail(*disk_->failure());
    defer(batch);
    return {};
}

void GroupCommit::defer(const ledger::WriteBatch& batch) {
    for (const auto& operation : batch.operations()) pending_[operation.key] = operation.value;
    ++deferred_;
    if (flush_is_due_) return;
    flush_is_due_ = true;
    // Behind everything that is ready to run now.
    boost::asio::post(executor_, [this] {
        if (auto flushed = flush({}); !flushed) {
            log::error("store-failed", {{"reason", flushed.error().to_string()}});
        }
    });
}

Result<void> GroupCommit::flush(const ledger::WriteBatch& last) {
    flush_is_due_ = false;
    for (const auto& operation : last.operations()) pending_[operation.key] = operation.value;
    ledger::WriteBatch all;
    for (const auto& [key, value] : std::exchange(pending_, {})) {
        if (value) {
            all.put(key, *value);
        } else {
            all.erase(key);
        }
    }
    Result<void> written;
    if (!all.is_empty()) written = disk_->write_synced(all);
    if (written) durable_ = deferred_;
    for (boost::asio::steady_timer* const timer : waiting_) timer->cancel();
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
