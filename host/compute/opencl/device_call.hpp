// One call to a device, as the code sees it that runs on the device's own thread
// (device_thread.hpp): how it shows that the device still answers, and how it reaches memory of a
// caller who may have given the device up. Internal to this folder.

#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace assay::compute::opencl {

// A launch that takes longer is a hang; with the grace of DeviceThread it is known within a second.
inline constexpr std::chrono::milliseconds kAnswerTime{700};

// Thrown by DeviceCall::with_caller_memory; ends the call, whose result nobody waits for.
class CallerLeft final : public std::exception {
  public:
    [[nodiscard]] const char* what() const noexcept override { return "the caller has left"; }
};

class DeviceCall {
  public:
    using Clock = std::chrono::steady_clock;

    DeviceCall() = default;
    DeviceCall(const DeviceCall&) = delete;
    DeviceCall& operator=(const DeviceCall&) = delete;

    // To be called before each launch, and before anything else that may take long: if nothing
    // more is heard for `time`, the device is taken to hang.
    void expect_answer_within(Clock::duration time) noexcept { due_ = Clock::now() + time; }
    // For the watching side: allows `time` from now, unless the call has said otherwise since.
    void extend(Clock::time_point due, Clock::duration time) noexcept {
        due_.compare_exchange_strong(due, Clock::now() + time);
    }

    // Runs `use`, which reads or writes memory of the caller and calls no OpenCL; throws CallerLeft
    // if the caller has gone. A device is given such memory itself only as a loan.
    template <typename F>
    void with_caller_memory(F&& use) {
        const std::scoped_lock lock(memory_);
        if (left_) throw CallerLeft();
        use();
    }

    // From now until end_loan() the device may read the caller's memory, unless `take_back` has
    // returned, which has to stop it from doing so whatever state it is in, and within moments.
    // Throws CallerLeft if the caller has gone.
    void lend_caller_memory(std::function<void()> take_back) {
        const std::scoped_lock lock(memory_);
        if (left_) throw CallerLeft();
        take_back_ = std::move(take_back);
    }
    void end_loan() {
        const std::scoped_lock lock(memory_);
        take_back_ = nullptr;
    }

    // For the caller: afterwards his memory is not touched any more.
    void leave() {
        const std::scoped_lock lock(memory_);
        left_ = true;
        if (take_back_) take_back_();
        take_back_ = nullptr;
    }
    [[nodiscard]] Clock::time_point due() const noexcept { return due_; }

  private:
    std::atomic<Clock::time_point> due_ = Clock::now() + kAnswerTime;
    std::mutex memory_;
    bool left_ = false;                // guarded by memory_
    std::function<void()> take_back_;  // of the loan that is out; guarded by memory_
};

}  // namespace assay::compute::opencl
