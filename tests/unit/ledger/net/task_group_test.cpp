#include "ledger/net/task_group.hpp"

#include <stdexcept>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_awaitable.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;

struct Mark {
    explicit Mark(int& counter) : count{counter} {}
    ~Mark() { ++count; }
    int& count;
};

asio::awaitable<void> wait_for_ever(int& unwound) {
    const Mark mark(unwound);
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    for (;;) co_await timer.async_wait(asio::use_awaitable);
}

// As a session reads and writes.
asio::awaitable<void> wait_twice(int& unwound) {
    using namespace asio::experimental::awaitable_operators;
    co_await (wait_for_ever(unwound) || wait_for_ever(unwound));
}

asio::awaitable<void> end_at_once(int& ended) {
    ++ended;
    co_return;
}

asio::awaitable<void> fail_by_exception() {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    throw std::runtime_error("part of the daemon");
}

TEST(TaskGroup, CoroutinesSideBySideAreCancelledTogether) {
    asio::io_context io;
    int unwound = 0;
    TaskGroup group(io.get_executor());
    group.spawn(wait_twice(unwound));
    io.poll();
    EXPECT_NO_THROW(test::run_awaitable(io, group.stop()));
    EXPECT_EQ(unwound, 2);
}

TEST(TaskGroup, AnExceptionIsNotMissedSilently) {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    group.spawn(fail_by_exception());
    EXPECT_THROW(io.run(), std::runtime_error);
    EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, StopUnwindsWhatStillRuns) {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    int unwound = 0, ended = 0;
    group.spawn(wait_for_ever(unwound));
    group.spawn(end_at_once(ended));
    group.spawn(wait_for_ever(unwound));
    EXPECT_EQ(group.size(), 3U);
    io.poll();
    EXPECT_EQ(group.size(), 2U);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(unwound, 0);

    test::run_awaitable(io, group.stop());
    EXPECT_EQ(unwound, 2);
    EXPECT_EQ(group.size(), 0U);
    group.spawn(end_at_once(ended));
    io.poll();
    EXPECT_EQ(ended, 1) << "nothing starts any more";
}

TEST(TaskGroup, StopOfAnEmptyGroupReturnsAtOnce) {
    asio::io_context io;
    TaskGroup group(io.get_executor());
    test::run_awaitable(io, group.stop());
    EXPECT_TRUE(group.stopping());
}

TEST(TaskGroup, TasksThatNeverRanAgainAreFreedWithTheContext) {
    int unwound = 0;
    {
        asio::io_context io;
        TaskGroup group(io.get_executor());
        group.spawn(wait_for_ever(unwound));
        io.poll();
    }
    EXPECT_EQ(unwound, 1);
}

}  // namespace
}  // namespace assay::ledger
