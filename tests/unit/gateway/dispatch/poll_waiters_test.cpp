#include "gateway/dispatch/poll_waiters.hpp"

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "gateway/dispatch/device_registry.hpp"

namespace assay::gateway {
namespace {

constexpr PollWaiters::Time kNever = PollWaiters::Time::max();

class WaitingPolls : public testing::Test {
  protected:
    // Begins to wait, and runs until nothing more happens by itself.
    void wait(std::size_t device, std::uint64_t decided_at) {
        boost::asio::co_spawn(context_, until_woken(device, decided_at), boost::asio::detached);
        run();
    }
    boost::asio::awaitable<void> until_woken(std::size_t device, std::uint64_t decided_at) {
        co_await waiters_.wait(devices_[device], kNever, decided_at);
        ++woken_[device];
    }
    void run() {
        context_.restart();
        context_.poll();
    }
    ~WaitingPolls() override {
        waiters_.close();
        run();
    }

    boost::asio::io_context context_;
    PollWaiters waiters_{context_.get_executor()};
    std::array<Device, 3> devices_;
    std::array<int, 3> woken_{};
};

TEST_F(WaitingPolls, EveryoneIsWokenByAChangeForAll) {
    for (std::size_t i = 0; i < devices_.size(); ++i) wait(i, waiters_.generation());
    EXPECT_EQ(woken_, (std::array<int, 3>{}));
    waiters_.wake_all();
    run();
    EXPECT_EQ(woken_, (std::array{1, 1, 1}));
}

TEST_F(WaitingPolls, AChangeForOneDeviceWakesItAlone) {
    for (std::size_t i = 0; i < devices_.size(); ++i) wait(i, waiters_.generation());
    waiters_.wake(devices_[1]);
    run();
    EXPECT_EQ(woken_, (std::array{0, 1, 0}));
}

TEST_F(WaitingPolls, AChangeBetweenDecidingAndWaitingIsNotMissed) {
    const std::uint64_t decided_at = waiters_.generation();
    waiters_.wake_all();  // while what was decided is written to disk
    wait(0, decided_at);
    EXPECT_EQ(woken_[0], 1);
    const std::uint64_t again = waiters_.generation();
    waiters_.wake(devices_[1]);
    wait(1, again);
    EXPECT_EQ(woken_[1], 1);
    wait(2, waiters_.generation());
    EXPECT_EQ(woken_[2], 0) << "nothing since";
}

TEST_F(WaitingPolls, ThereIsNoRoomOnceItIsClosed) {
    wait(0, waiters_.generation());
    waiters_.limit(1);
    EXPECT_FALSE(waiters_.has_room());
    waiters_.limit(2);
    EXPECT_TRUE(waiters_.has_room());
    waiters_.close();
    run();
    EXPECT_EQ(woken_[0], 1);
    EXPECT_FALSE(waiters_.has_room());
}

}  // namespace
}  // namespace assay::gateway
