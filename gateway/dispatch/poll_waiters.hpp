// Devices that wait for the answer to a poll until there is something for them: the push of the agent
// protocol. Io thread only.

#pragma once

#include <cstdint>
#include <set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

class PollWaiters {
  public:
    explicit PollWaiters(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

    // Each holds a connection; beyond so many, polls are answered at once.
    void limit(std::size_t waiters_max) noexcept { waiters_max_ = waiters_max; }
    [[nodiscard]] bool has_room() const noexcept { return !closed_ && waiting_.size() < waiters_max_; }

    // Until there may be something new, or that time.
    [[nodiscard]] boost::asio::awaitable<void> wait(boost::asio::steady_timer::time_point until) {
        if (closed_) co_return;
        boost::asio::steady_timer timer(executor_, until);
        waiting_.insert(&timer);
        co_await timer.async_wait(kAsTuple);
        waiting_.erase(&timer);
    }
    // Releases or rollouts have changed: everyone looks again.
    void wake_all() {
        for (boost::asio::steady_timer* const timer : waiting_) timer->cancel();
    }
    // Nobody waits any longer: before the devices' listener stops.
    void close() {
        closed_ = true;
        wake_all();
    }

  private:
    boost::asio::any_io_executor executor_;
    std::set<boost::asio::steady_timer*> waiting_;
    std::size_t waiters_max_ = SIZE_MAX;
    bool closed_ = false;
};

}  // namespace assay::gateway
