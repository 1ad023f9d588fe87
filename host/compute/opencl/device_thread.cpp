#include "host/compute/opencl/device_thread.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace assay::compute::opencl {
namespace {

using namespace std::chrono_literals;
using Clock = DeviceCall::Clock;

// Beyond the time the device was allowed, for the scheduler of a busy machine.
constexpr auto kGrace = 100ms;
// On a machine whose cores others use, a launch is slow through no fault of the device: if threads
// of this process waited for a core for half of the last stretch of the time allowed, it is given
// another stretch, up to so often.
constexpr auto kStretch = 500ms;
constexpr int kStretchesMax = 20;
// How long a stop waits for the launch under way, whose work would be lost.
constexpr auto kStopTime = 40ms;

// Linux: of the thread whose folder in /proc this is. None: it has ended.
std::optional<int> niceness(const std::filesystem::path& task) {
    std::ifstream file(task / "stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(line.substr(name_end + 1));
    constexpr int kNiceField = 19;  // proc(5); the state behind the name is field 3
    std::string field;
    for (int i = 3; i <= kNiceField; ++i) fields >> field;
    int value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

// How long the threads of this process have waited for a core, all together. Those of lower
// priority than the process, which search while others rest, wait by intention and do not count.
std::chrono::nanoseconds waited_for_cores() {
    std::chrono::nanoseconds sum{0};
    const int own = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid()));
    std::error_code error;
    std::filesystem::directory_iterator task("/proc/self/task", error);
    for (; !error && task != std::filesystem::directory_iterator(); task.increment(error)) {
        if (niceness(task->path()).value_or(own) > own) continue;
        std::ifstream file(task->path() / "schedstat");
        std::uint64_t ran_ns = 0;
        std::uint64_t waited_ns = 0;
        if (file >> ran_ns >> waited_ns) sum += std::chrono::nanoseconds(waited_ns);
    }
    return sum;
}

}  // namespace

class DeviceThread::Pending {
  public:
    explicit Pending(Job the_job) : job{std::move(the_job)} {}

    Job job;  // of the device's thread
    DeviceCall call;
    bool done = false;                          // this and those below are guarded by State::mutex
    Clock::time_point stretch_end{};            // of the last stretch that was begun
    std::chrono::nanoseconds waited_before{0};  // for cores, when it began
    int stretches_left = kStretchesMax;
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
        if (hung || !running) return;
        const auto now = Clock::now();
        Pending& job = *running;
        const auto due = job.call.due();
        if (now >= due - kStretch && job.stretch_end != due) {
            job.stretch_end = due;
            job.waited_before = waited_for_cores();
        }
        if (now < due + kGrace) return;
        if (job.stretches_left > 0 && waited_for_cores() - job.waited_before > kStretch / 2) {
            --job.stretches_left;
            job.call.extend(due, kStretch);
            return;
        }
        hung = true;
        ++*lost;
        waiting.clear();
        changed.notify_all();
    }
    [[nodiscard]] Clock::time_point look_again_at() const {
        if (!running) return Clock::now() + kGrace;
        const auto due = running->call.due();
        return running->stretch_end == due ? due + kGrace : due - kStretch;
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
