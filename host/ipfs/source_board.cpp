#include "host/ipfs/source_board.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace assay::ipfs {
namespace {

constexpr int kFailuresInRowMax = 3;
constexpr int kOutrunInRowMax = 3;
constexpr int kRestsInRowMax = 20;
constexpr double kLimitMin = 1;
constexpr double kLimitMax = 8;
constexpr double kRecent = 0.2;  // weight of the newest sample
// More requests at a time than this only wait for each other, unless the source is far away.
constexpr double kLimitSure = 2;
// Answers of blocks that are large enough to tell a line that is full from one that is long.
constexpr std::uint64_t kTellingBytes = 64 << 10;
constexpr double kLineIsFree = 1.5;  // times the least time that an answer took
constexpr double kLineIsFull = 2;

}  // namespace

bool SourceBoard::may_ask(std::size_t source, Time now) const {
    const State& state = sources_[source];
    return state.usable && now >= state.rests_until && state.asked < static_cast<int>(state.limit);
}

std::size_t SourceBoard::usable_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sources_, [](const State& state) { return state.usable; }));
}

std::vector<std::size_t> SourceBoard::by_speed() const {
    std::vector<std::size_t> order(sources_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto speed = [this](std::size_t source) {
        const double known = sources_[source].bytes_per_second;
        return known > 0 ? known : HUGE_VAL;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return speed(a) > speed(b); });
    return order;
}

void SourceBoard::answered(std::size_t source, std::uint64_t bytes, Duration taken) {
    State& state = sources_[source];
    state.failures_in_row = 0;
    state.outrun_in_row = 0;
    state.rests_in_row = 0;
    const double seconds = std::max(std::chrono::duration<double>(taken).count(), 1e-6);
    adjust_limit(state, bytes, seconds);
    const double speed = static_cast<double>(bytes) / seconds;
    state.bytes_per_second += (state.bytes_per_second > 0 ? kRecent : 1) *
                              (speed - state.bytes_per_second);
    const double weight = seconds_mean_ > 0 ? kRecent : 1;
    const double off = std::abs(seconds - seconds_mean_);
    seconds_deviation_ += weight * ((seconds_mean_ > 0 ? off : seconds / 2) - seconds_deviation_);
    seconds_mean_ += weight * (seconds - seconds_mean_);
}

// As TCP Vegas does: answers that take longer the more are asked for at a time come over a line that is
// full, and what waits there could come from elsewhere.
void SourceBoard::adjust_limit(State& state, std::uint64_t bytes, double seconds) {
    if (bytes >= kTellingBytes) {
        const bool known = state.seconds_least > 0;
        state.seconds_least = known ? std::min(seconds, state.seconds_least) : seconds;
        if (seconds > kLineIsFull * state.seconds_least) {
            state.limit = std::max(state.limit - 1 / state.limit, kLimitSure);
            return;
        }
        if (seconds > kLineIsFree * state.seconds_least) return;
    }
    state.limit = std::min(state.limit + 1 / state.limit, kLimitMax);
}

void SourceBoard::lacks(std::size_t source, const Error& error) {
    note(source, error);
    sources_[source].failures_in_row = 0;
}

void SourceBoard::failed(std::size_t source, const Error& error) {
    State& state = sources_[source];
    note(source, error);
    state.limit = std::max(state.limit / 2, kLimitMin);
    if (++state.failures_in_row >= kFailuresInRowMax) state.usable = false;
}

void SourceBoard::outrun(std::size_t source, const Error& error) {
    State& state = sources_[source];
    note(source, error);
    state.limit = std::max(state.limit / 2, kLimitMin);
    if (++state.outrun_in_row >= kOutrunInRowMax) state.usable = false;
}

void SourceBoard::rest(std::size_t source, Time until, const Error& error) {
    State& state = sources_[source];
    note(source, error);
    state.limit = kLimitMin;
    state.rests_until = std::max(state.rests_until, until);
    if (++state.rests_in_row >= kRestsInRowMax) state.usable = false;
}

bool SourceBoard::ban(std::size_t source, const Error& error) {
    note(source, error);
    return std::exchange(sources_[source].usable, false);
}

SourceBoard::Duration SourceBoard::usual_time() const {
    if (seconds_mean_ == 0) return std::chrono::milliseconds(250);
    const std::chrono::duration<double> usual(seconds_mean_ + 2 * seconds_deviation_);
    return std::chrono::duration_cast<Duration>(usual);
}

std::string SourceBoard::describe() const {
    if (sources_.empty()) return "there are no sources";
    std::string text;
    for (const State& state : sources_) {
        if (state.last_error.empty()) continue;
        if (!text.empty()) text += "; ";
        text += state.last_error;
    }
    return text;
}

}  // namespace assay::ipfs
