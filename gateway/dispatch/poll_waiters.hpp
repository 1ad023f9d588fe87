// Devices that wait for the answer to a poll until there is something for them: the push of the agent
// protocol. Io thread only.

#pragma once

#include <set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

class PollWaiters {
  public:
    explicit PollWaiters(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

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
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

  private:
    boost::asio::any_io_executor executor_;
    std::set<boost::asio::steady_timer*> waiting_;
    bool closed_ = false;
};

}  // namespace assay::gateway
