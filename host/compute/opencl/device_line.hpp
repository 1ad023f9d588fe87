// One line of work on a device: a thread, and on it a context with the kernels and buffers of one
// Worker (NonceSearcher, MessageHasher), opened when first needed. After a failure the line is
// given up and the next call opens another, so that a device that recovered serves again. Internal
// to this folder; functions may be called from any thread.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "host/compute/engine_info.hpp"
#include "host/compute/opencl/device_thread.hpp"
#include "host/compute/opencl/guarded.hpp"
#include "host/compute/opencl/open_device.hpp"

namespace assay::compute::opencl {

// What a line needs to open, and its engine's count of threads left behind.
struct LineParts {
    EngineInfo info;
    cl::Device device;
    std::shared_ptr<const ProgramStore> programs;
    std::shared_ptr<std::atomic<int>> lost = std::make_shared<std::atomic<int>>(0);
};

// Compilers are slow, and may be slower than this only if they hang too.
inline constexpr std::chrono::minutes kBuildTime{3};
inline constexpr std::chrono::seconds kFirstLaunch{5};
// Threads that may be left behind in calls that do not return, for each device.
inline constexpr int kLostMax = 2;

template <typename Worker>
class DeviceLine {
  public:
    using Work = std::function<void(Worker&, DeviceCall&)>;

    explicit DeviceLine(const LineParts& parts) : parts_{parts} {}

    // Runs `work`, which may throw what guarded() takes, on the device's thread. What it refers to
    // must outlive the call, or be reached by DeviceCall::with_caller_memory. `meanwhile` runs on
    // the calling thread.
    [[nodiscard]] Result<void> run(
        Work work, const std::stop_token& stop = {}, const std::function<void()>& meanwhile = [] {
        }) {
        auto session = open();
        if (!session) return fail(std::move(session).error());
        const auto pending = (*session)->thread.post((*session)->job(std::move(work)));
        meanwhile();
        auto result = (*session)->thread.wait(pending, stop);
        if (result || result.error().is(std::errc::operation_canceled)) return result;
        const std::scoped_lock lock(mutex_);
        if (session_ == *session) session_.reset();
        return fail(std::move(result).error().within(parts_.info.name));
    }

    // Every program of the line, and its machine code; none if it is not open.
    [[nodiscard]] Result<std::vector<ProgramBinary>> binaries() {
        auto session = open();
        if (!session) return fail(std::move(session).error());
        const auto out = std::make_shared<std::vector<ProgramBinary>>();
        const auto opened = (*session)->opened;
        const auto done = (*session)->thread.run([opened, out](DeviceCall& call) {
            call.expect_answer_within(kBuildTime);
            return guarded([&]() -> Result<void> {
                if (opened->device) *out = opened->device->binaries();
                return {};
            });
        });
        if (!done) return fail(Error(done.error()));
        return std::move(*out);
    }

    // Gives back what the line holds on the device, until the next call.
    void close() {
        std::shared_ptr<Session> closed;  // ends when nobody waits for the mutex
        const std::scoped_lock lock(mutex_);
        closed = std::move(session_);
    }

  private:
    struct Opened {
        std::optional<OpenDevice> device;
        std::optional<Worker> worker;
    };

    struct Session {
        explicit Session(const LineParts& the_parts) : parts{the_parts}, thread{parts.lost} {}
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;
        ~Session() {
            static_cast<void>(thread.run([held = std::move(opened)](DeviceCall&) {
                held->worker.reset();
                held->device.reset();
                return Result<void>();
            }));
        }

        DeviceThread::Job job(Work work) {
            return [opened = opened, parts = parts, work = std::move(work)](DeviceCall& call) {
                return guarded([&]() -> Result<void> {
                    if (!opened->worker) {
                        call.expect_answer_within(kBuildTime);
                        opened->worker.reset();
                        opened->device.emplace(parts.device, *parts.programs);
                        opened->worker.emplace(*opened->device, form_for(parts.device));
                        // Some drivers compile at the first launch. What was compiled before, and
                        // kept after it ran, needs none.
                        if (!opened->device->compiled()) call.expect_answer_within(kFirstLaunch);
                        warm_up(*opened->worker);
                        opened->device->keep_compiled();
                        call.expect_answer_within(kAnswerTime);
                    }
                    work(*opened->worker, call);
                    return {};
                });
            };
        }

        const LineParts parts;
        std::shared_ptr<Opened> opened = std::make_shared<Opened>();
        DeviceThread thread;
    };

    Result<std::shared_ptr<Session>> open() {
        const std::scoped_lock lock(mutex_);
        if (!session_) {
            if (*parts_.lost >= kLostMax) {
                return fail(std::errc::timed_out, parts_.info.name + " hangs in " +
                                                      std::to_string(*parts_.lost) +
                                                      " calls that have not returned");
            }
            session_ = std::make_shared<Session>(parts_);
        }
        return session_;
    }

    const LineParts parts_;
    std::mutex mutex_;
    std::shared_ptr<Session> session_;  // guarded by mutex_
};

}  // namespace assay::compute::opencl
