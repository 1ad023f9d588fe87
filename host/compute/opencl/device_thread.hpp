// A thread for the calls to one device, because such a call may never return.
//
// Who waits gives the device up when it has not answered for as long as it was allowed
// (device_call.hpp). The thread is then left behind, with all that its job holds, and ends by
// itself should the call return after all. Internal to this folder; functions may be called from
// any thread.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "host/base/result.hpp"
#include "host/compute/opencl/device_call.hpp"

namespace assay::compute::opencl {

class DeviceThread {
  public:
    // Does not throw, but for CallerLeft. What it captures ends on the device's thread.
    using Job = std::function<Result<void>(DeviceCall&)>;
    class Pending;

    // `lost` counts the threads left behind that have not ended yet.
    explicit DeviceThread(std::shared_ptr<std::atomic<int>> lost);
    // Lets the jobs end, unless the device hangs.
    ~DeviceThread();
    DeviceThread(const DeviceThread&) = delete;
    DeviceThread& operator=(const DeviceThread&) = delete;

    // Puts `job` behind those before it. The answer must be waited for.
    [[nodiscard]] std::shared_ptr<Pending> post(Job job);
    // The job's result. Fails with timed_out if the device hangs; this thread is then of no more
    // use. Once stop is requested, waits a little for the job and then fails with
    // operation_canceled.
    [[nodiscard]] Result<void> wait(const std::shared_ptr<Pending>& pending,
                                    const std::stop_token& stop = {});
    [[nodiscard]] Result<void> run(Job job, const std::stop_token& stop = {}) {
        return wait(post(std::move(job)), stop);
    }

  private:
    struct State;
    static void run_jobs(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace assay::compute::opencl
