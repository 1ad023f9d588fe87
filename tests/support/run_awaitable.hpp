// Runs an io_context until one coroutine is done, and gives its result to the test. Other work on
// the io_context goes on meanwhile and stays for the next call.

#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace assay::test {

inline constexpr std::chrono::seconds kAwaitableTimeMax{60};

// Runs handlers until `holds()`; throws if it does not come to that.
template <typename Predicate>
void run_until(boost::asio::io_context& io, Predicate holds) {
    const auto end = std::chrono::steady_clock::now() + kAwaitableTimeMax;
    io.restart();
    while (!holds()) {
        if (io.run_one_until(end) == 0) throw std::runtime_error("nothing left that could happen");
    }
}

template <typename T>
T run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<T> operation) {
    std::optional<T> out;
    std::exception_ptr failure;
    const auto finish = [&](std::exception_ptr thrown, T value) {
        failure = std::move(thrown);
        out.emplace(std::move(value));
    };
    boost::asio::co_spawn(io, std::move(operation), finish);
    run_until(io, [&] { return out.has_value(); });
    if (failure) std::rethrow_exception(failure);
    return std::move(*out);
}

inline void run_awaitable(boost::asio::io_context& io, boost::asio::awaitable<void> operation) {
    bool done = false;
    std::exception_ptr failure;
    const auto finish = [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        done = true;
    };
    boost::asio::co_spawn(io, std::move(operation), finish);
    run_until(io, [&] { return done; });
    if (failure) std::rethrow_exception(failure);
}

}  // namespace assay::test
