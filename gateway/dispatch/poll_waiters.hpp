// Devices that wait for the answer to a poll until there is something for them: the push of the agent
// protocol. Io thread only.

#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

struct Device;

class PollWaiters {
  public:
    using Time = boost::asio::steady_timer::time_point;

    explicit PollWaiters(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}

    // Each holds a connection; beyond so many, polls are answered at once.
    void limit(std::size_t waiters_max) noexcept { waiters_max_ = waiters_max; }
    [[nodiscard]] bool has_room() const noexcept { return !closed_ && waiting_.size() < waiters_max_; }

    // Another one since something changed for anybody: what was decided before may not hold any more.
    // To be read before one decides.
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

    // Until there may be something new for the device, or that time; not at all if something has
    // changed since that generation.
    [[nodiscard]] boost::asio::awaitable<void> wait(const Device& device,
                                                    Time until,
                                                    std::uint64_t decided_at) {
        if (closed_ || decided_at != generation_) co_return;
        boost::asio::steady_timer timer(executor_, until);
        const Place place(&device, &timer);
        waiting_.insert(place);
        co_await timer.async_wait(kAsTuple);
        waiting_.erase(place);
    }
    // Releases or rollouts have changed: everyone looks again.
    void wake_all() {
        ++generation_;
        for (const auto& [device, timer] : waiting_) timer->cancel();
    }
    // Something has changed for this device alone.
    void wake(const Device& device) {
        ++generation_;
        look_again(device);
    }
    // Those that wait for this device look again, although nothing has changed.
    void look_again(const Device& device) {
        for (auto at = waiting_.lower_bound(Place(&device, nullptr));
             at != waiting_.end() && at->first == &device; ++at) {
            at->second->cancel();
        }
    }
    // Nobody waits any longer: before the devices' listener stops.
    void close() {
        closed_ = true;
        wake_all();
    }

  private:
    using Place = std::pair<const Device*, boost::asio::steady_timer*>;

    boost::asio::any_io_executor executor_;
    std::set<Place> waiting_;
    std::size_t waiters_max_ = SIZE_MAX;
    std::uint64_t generation_ = 0;
    bool closed_ = false;
};

}  // namespace assay::gateway
