#include "ledger/net/task_group.hpp"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace assay::ledger {

namespace asio = boost::asio;

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_{std::move(executor)}, all_gone_{executor_, asio::steady_timer::time_point::max()} {}

void TaskGroup::spawn(asio::awaitable<void> task) {
    if (stopping_) return;
    const auto signal = signals_.emplace(signals_.end());
    auto finished = [this, signal](const std::exception_ptr&) {
        signals_.erase(signal);
        if (signals_.empty()) all_gone_.cancel();
    };
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(signal->slot(), std::move(finished)));
}

asio::awaitable<void> TaskGroup::stop() {
    stopping_ = true;
    // A task may end, and so leave the list, while its signal is emitted.
    for (auto it = signals_.begin(); it != signals_.end();) {
        (it++)->emit(asio::cancellation_type::terminal);
    }
    while (!signals_.empty()) {
        co_await all_gone_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace assay::ledger
