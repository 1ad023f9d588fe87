// Virtual time: what is to happen, in order. Events of one instant happen in the order in which
// they were planned, so a run is a function of its seed. One thread.

#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace assay::sim {

using Millis = std::int64_t;  // since the start of the run
inline constexpr Millis kSecond = 1'000;
inline constexpr Millis kMinute = 60 * kSecond;

class EventQueue {
  public:
    using Action = std::function<void()>;

    [[nodiscard]] Millis now() const noexcept { return now_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return planned_; }

    void after(Millis delay, Action action) {
        events_.push(Event{now_ + delay, planned_++, std::move(action)});
    }
    // Runs what comes next; false if nothing does until `end`, which is then the time.
    bool run_next(Millis end) {
        if (events_.empty() || events_.top().time > end) {
            now_ = end;
            return false;
        }
        const Action action = std::move(const_cast<Event&>(events_.top()).action);
        now_ = events_.top().time;
        events_.pop();
        action();
        return true;
    }

  private:
    struct Event {
        Millis time;
        std::uint64_t order;
        Action action;
        friend bool operator<(const Event& a, const Event& b) noexcept {
            return a.time != b.time ? a.time > b.time : a.order > b.order;
        }
    };
    std::priority_queue<Event> events_;
    Millis now_ = 0;
    std::uint64_t planned_ = 0;
};

}  // namespace assay::sim
