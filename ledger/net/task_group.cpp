#include "ledger/net/task_group.hpp"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace assay::ledger {

namespace asio = boost::asio;
namespace {

// A task that was told to stop ends with this exception; any other is a fault that must be seen.
bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& thrown) {
        return thrown.code() == asio::error::operation_aborted;
    } catch (const asio::multiple_exceptions& thrown) {  // of coroutines that ran side by side
        return is_cancellation(thrown.first_exception());
    } catch (...) {
        return false;
    }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_{std::move(executor)}, all_gone_{executor_, asio::steady_timer::time_point::max()} {}

void TaskGroup::spawn(asio::awaitable<void> task) {
    if (stopping_) return;
    const auto signal = signals_.emplace(signals_.end());
    auto finished = [this, signal](const std::exception_ptr& error) {
        signals_.erase(signal);
        if (signals_.empty()) all_gone_.cancel();
        // Out of the executor's run(), and so to main(): better no daemon than one with a part missing.
        if (error && !is_cancellation(error)) std::rethrow_exception(error);
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
