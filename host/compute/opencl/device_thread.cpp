#include "host/compute/opencl/device_thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>

namespace assay::compute::opencl {
namespace {

using namespace std::chrono_literals;
using Clock = DeviceCall::Clock;

// Beyond the time the device was allowed, for the scheduler of a busy machine.
constexpr auto kGrace = 100ms;
// How long a stop waits for the launch under way, whose work would be lost.
constexpr auto kStopTime = 40ms;

}  // namespace

class DeviceThread::Pending {
  public:
    explicit Pending(Job the_job) : job{std::move(the_job)} {}

    Job job;  // of the device's thread
    DeviceCall call;
    bool done = false;    // guarded by State::mutex
    Result<void> result;  // set when done
};

struct DeviceThread::State {
    std::mutex mutex;  // guards all but `lost`
    std::condition_variable_any changed;
    std::deque<std::shared_ptr<Pending>> waiting;
    std::shared_ptr<Pending> running;
    bool quit = false;
    bool hung = false;
    bool ended = false;
    std::shared_ptr<std::atomic<int>> lost;

    // The mutex is held. Finds out whether the job under way has used up its time.
    void look_for_hang() {
        if (hung || !running || Clock::now() < running->call.due() + kGrace) return;
        hung = true;
        ++*lost;
        waiting.clear();
        changed.notify_all();
    }
    [[nodiscard]] Clock::time_point look_again_at() const {
        return running ? running->call.due() + kGrace : Clock::now() + kGrace;
    }
};

DeviceThread::DeviceThread(std::shared_ptr<std::atomic<int>> lost)
    : state_{std::make_shared<State>()} {
    state_->lost = std::move(lost);
    thread_ = std::thread([state = state_] { run_jobs(state); });
}

DeviceThread::~DeviceThread() {
    std::unique_lock lock(state_->mutex);
    state_->quit = true;
    state_->changed.notify_all();
    while (!state_->ended && !state_->hung) {
        state_->changed.wait_until(lock, state_->look_again_at());
        state_->look_for_hang();
    }
    const bool ended = state_->ended;
    lock.unlock();
    if (ended) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void DeviceThread::run_jobs(const std::shared_ptr<State>& state) {
    std::unique_lock lock(state->mutex);
    while (true) {
        state->changed.wait(lock, [&] { return state->quit || !state->waiting.empty(); });
        if (state->waiting.empty()) break;
        const auto pending = state->waiting.front();
        state->waiting.pop_front();
        pending->call.expect_answer_within(kAnswerTime);
        state->running = pending;
        lock.unlock();
        Result<void> result;
        try {
            result = pending->job(pending->call);
        } catch (const CallerLeft& left) {
            result = fail(std::errc::operation_canceled, left.what());
        }
        pending->job = nullptr;
        lock.lock();
        pending->result = std::move(result);
        pending->done = true;
        state->running.reset();
        state->changed.notify_all();
        if (state->hung) break;
    }
    state->ended = true;
    if (state->hung) --*state->lost;
    state->changed.notify_all();
}

std::shared_ptr<DeviceThread::Pending> DeviceThread::post(Job job) {
    auto pending = std::make_shared<Pending>(std::move(job));
    const std::scoped_lock lock(state_->mutex);
    if (!state_->hung) state_->waiting.push_back(pending);
    state_->changed.notify_all();
    return pending;
}

Result<void> DeviceThread::wait(const std::shared_ptr<Pending>& pending,
                                const std::stop_token& stop) {
    std::unique_lock lock(state_->mutex);
    const auto settled = [&] { return pending->done || state_->hung; };
    Clock::time_point stopped_at = Clock::time_point::max();
    while (!settled()) {
        if (stopped_at == Clock::time_point::max()) {
            state_->changed.wait_until(lock, stop, state_->look_again_at(), settled);
            if (stop.stop_requested()) stopped_at = Clock::now();
        } else {
            const auto until = stopped_at + kStopTime;
            state_->changed.wait_until(lock, std::min(until, state_->look_again_at()), settled);
            if (Clock::now() >= until) break;
        }
        if (!settled()) state_->look_for_hang();
    }
    if (pending->done) {
        lock.unlock();
        pending->call.leave();  // a job that failed may have left a loan of memory behind
        return std::move(pending->result);
    }
    const bool hung = state_->hung;
    std::erase(state_->waiting, pending);
    lock.unlock();
    pending->call.leave();
    if (!hung) return fail(std::errc::operation_canceled, "stopped while the device was busy");
    return fail(std::errc::timed_out, "the device hangs");
}

}  // namespace assay::compute::opencl
