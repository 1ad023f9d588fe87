// with_timeout: gives up on an awaited operation after a while. The operation is cancelled.
//
//     Result<void> sent = co_await with_timeout(stream.write_all(frame), 5s, "send frame");

#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "host/base/result.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::http {

// Fails with std::errc::timed_out and `what` as context.
template <typename T>
[[nodiscard]] boost::asio::awaitable<Result<T>> with_timeout(
    boost::asio::awaitable<Result<T>> operation,
    std::chrono::steady_clock::duration limit,
    std::string what) {
    using namespace boost::asio::experimental::awaitable_operators;
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, limit);
    auto first = co_await (std::move(operation) || timer.async_wait(kAsTuple));
    if (first.index() == 1) co_return fail(std::errc::timed_out, std::move(what));
    co_return std::move(std::get<0>(first));
}

}  // namespace assay::http
