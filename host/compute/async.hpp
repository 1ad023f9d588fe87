// Runs a blocking call (an engine, LevelDB) on a thread pool and resumes the awaiting coroutine on
// its own executor with the result.
//
//     auto work = [&] { return engine.hash_batch(messages, digests); };
//     const Result<void> hashed = co_await run_blocking(pool, std::move(work));
//
// What the function object refers to must stay alive until then; a coroutine's own locals do. The
// function must not throw: an exception ends the process. Join the pool before the execution
// context of the coroutines is destroyed.

#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace assay::compute {

template <class F>
[[nodiscard]] boost::asio::awaitable<std::invoke_result_t<F>> run_blocking(
    boost::asio::thread_pool& pool, F function) {
    using Value = std::invoke_result_t<F>;
    static_assert(!std::is_void_v<Value>, "return a Result<void>");

    auto initiate = [](auto handler, boost::asio::thread_pool* on, F work) {
        const auto executor = boost::asio::get_associated_executor(handler);
        auto run = [handler = std::move(handler), work = std::move(work), executor,
                    guard = boost::asio::make_work_guard(executor)]() mutable noexcept {
            auto resume = [handler = std::move(handler), value = work()]() mutable {
                std::move(handler)(std::move(value));
            };
            boost::asio::post(executor, std::move(resume));
        };
        boost::asio::post(*on, std::move(run));
    };
    const auto& token = boost::asio::use_awaitable;
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                   void(Value)>(std::move(initiate), token, &pool,
                                                                std::move(function));
}

}  // namespace assay::compute
