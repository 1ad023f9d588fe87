#include "gateway/dispatch/send_pacer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_awaitable.hpp"

namespace assay::gateway {
namespace {

using ledger::Urgency;
using Turn = SendPacer::Turn;

boost::asio::awaitable<void> pass_one(SendPacer::Download& download, std::optional<bool>& passed) {
    passed = co_await download.pass(4096);
}

TEST(SendPacer, SaysAtOnceThatATurnIsTooFarOffAndLetsAllGoWhenItCloses) {
    boost::asio::io_context io;
    PaceLimits limits;
    limits.bytes_per_s = 1000;
    SendPacer pacer(io.get_executor(), limits);
    SendPacer::Download first(pacer, "kiel", Urgency::kRoutine);
    EXPECT_EQ(test::run_awaitable(io, first.begin(100'000)), Turn::kGranted);
    EXPECT_TRUE(test::run_awaitable(io, first.pass(4096))) << "granted by begin()";
    std::optional<bool> passed;
    boost::asio::co_spawn(io, pass_one(first, passed), boost::asio::detached);
    io.restart();
    io.poll();
    EXPECT_FALSE(passed) << "4 s for what it has sent";

    SendPacer::Download second(pacer, "kiel", Urgency::kRoutine);
    EXPECT_EQ(test::run_awaitable(io, second.begin(100'000)), Turn::kTooFarOff);
    pacer.close();
    test::run_until(io, [&] { return passed.has_value(); });
    EXPECT_EQ(passed, false);
    SendPacer::Download third(pacer, "kiel", Urgency::kRoutine);
    EXPECT_EQ(test::run_awaitable(io, third.begin(1)), Turn::kClosed);
}

TEST(SendPacer, WithoutLimitsNobodyWaits) {
    boost::asio::io_context io;
    SendPacer pacer(io.get_executor(), {});
    SendPacer::Download download(pacer, "", Urgency::kRoutine);
    EXPECT_EQ(test::run_awaitable(io, download.begin(UINT64_MAX)), Turn::kGranted);
    EXPECT_TRUE(test::run_awaitable(io, download.pass(UINT64_MAX)));
}

}  // namespace
}  // namespace assay::gateway
