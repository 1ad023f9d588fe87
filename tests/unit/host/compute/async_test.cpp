#include "host/compute/async.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "host/base/result.hpp"
#include "host/compute/cpu_engine.hpp"

namespace assay::compute {
namespace {

namespace asio = boost::asio;

TEST(RunBlocking, RunsOnThePoolAndResumesOnTheCoroutinesExecutor) {
    asio::io_context io;
    asio::thread_pool pool(1);
    std::thread::id ran_on;
    std::thread::id resumed_on;
    std::string got;
    auto main = [&]() -> asio::awaitable<void> {
        auto owned = std::make_unique<std::string>("moved in and out");
        auto work = [&ran_on, owned = std::move(owned)]() mutable {
            ran_on = std::this_thread::get_id();
            return std::move(owned);  // what cannot be copied travels too
        };
        const auto back = co_await run_blocking(pool, std::move(work));
        got = *back;
        resumed_on = std::this_thread::get_id();
    };
    asio::co_spawn(io, std::move(main), asio::detached);
    io.run();
    pool.join();
    EXPECT_EQ(got, "moved in and out");
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
    EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(RunBlocking, HandsErrorsBack) {
    asio::io_context io;
    asio::thread_pool pool(1);
    bool failed = false;
    auto main = [&]() -> asio::awaitable<void> {
        auto work = []() -> Result<int> { return fail(std::errc::io_error, "device lost"); };
        const Result<int> result = co_await run_blocking(pool, std::move(work));
        failed = !result && result.error().context() == "device lost";
    };
    asio::co_spawn(io, std::move(main), asio::detached);
    io.run();
    pool.join();
    EXPECT_TRUE(failed);
}

TEST(RunBlocking, ManyCoroutinesShareAnEngine) {
    asio::io_context io;
    asio::thread_pool pool(3);
    CpuEngine engine(*usable_backends().front());
    const Bytes bytes(100'000, std::byte{7});
    std::vector<Sha256Digest> digests(200);
    int done = 0;
    auto one = [&](std::size_t i) -> asio::awaitable<void> {
        const ByteView message = ByteView(bytes).first(bytes.size() - i / 100);
        auto work = [&engine, &message, out = &digests[i]] {
            return engine.hash_batch(std::span(&message, 1), std::span(out, 1));
        };
        const Result<void> hashed = co_await run_blocking(pool, std::move(work));
        if (hashed) ++done;
    };
    for (std::size_t i = 0; i < digests.size(); ++i) asio::co_spawn(io, one(i), asio::detached);
    io.run();
    pool.join();
    EXPECT_EQ(done, 200);
    EXPECT_EQ(digests[0], digests[99]);
    EXPECT_NE(digests[0], digests[100]);
}

}  // namespace
}  // namespace assay::compute
