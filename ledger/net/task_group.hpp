// Coroutines that run on their own until they end or the group is cancelled: dialling, sessions,
// timers. Used by ledger/net and ledger/node, on one executor that runs one handler at a time.
//
// A cancelled coroutine is unwound by the exception that Asio throws into it; that one ends there. Any
// other exception leaves through the run() of the executor: a part that fails is not missed silently.

#pragma once

#include <list>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

namespace assay::ledger {

class TaskGroup {
  public:
    explicit TaskGroup(boost::asio::any_io_executor executor);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // The coroutine must own, or outlive by other means, all it refers to; the group must outlive
    // the coroutine unless the executor runs nothing any more. Dropped at once after stop().
    void spawn(boost::asio::awaitable<void> task);

    // Cancels all and returns when the last one is gone. Nothing can be spawned afterwards.
    [[nodiscard]] boost::asio::awaitable<void> stop();

    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    [[nodiscard]] std::size_t size() const noexcept { return signals_.size(); }

  private:
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::cancellation_signal> signals_;  // one per running task
    boost::asio::steady_timer all_gone_;
    bool stopping_ = false;
};

}  // namespace assay::ledger
