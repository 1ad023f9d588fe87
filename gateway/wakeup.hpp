// Lets one coroutine sleep until something happens or a time has passed. A wake-up that comes while
// nobody sleeps is kept for the next sleep. One executor, one sleeper.

#pragma once

#include <chrono>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

class Wakeup {
  public:
    explicit Wakeup(boost::asio::any_io_executor executor) : timer_{std::move(executor)} {}

    void wake() {
        pending_ = true;
        timer_.cancel();
    }

    [[nodiscard]] boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration at_most) {
        if (!pending_) {
            timer_.expires_after(at_most);
            co_await timer_.async_wait(kAsTuple);
        }
        pending_ = false;
    }

  private:
    boost::asio::steady_timer timer_;
    bool pending_ = false;
};

}  // namespace assay::gateway
