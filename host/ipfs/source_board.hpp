// Who may be asked, and how much at once: keeps score of the sources of one fetch. A source that
// answers gets more requests at a time, one that fails fewer; who fails or is too slow again and
// again is left aside, who lies is banned. No I/O, and no clock of its own; used on one executor by
// the retriever.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace assay::ipfs {

class SourceBoard {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    explicit SourceBoard(std::size_t sources) : sources_(sources) {}

    void add() { sources_.emplace_back(); }
    [[nodiscard]] std::size_t size() const noexcept { return sources_.size(); }
    // False for good.
    [[nodiscard]] bool usable(std::size_t source) const { return sources_[source].usable; }
    // Usable, not resting, and not busy with as many requests as it can take.
    [[nodiscard]] bool may_ask(std::size_t source, Time now) const;
    // It has requests to answer.
    [[nodiscard]] bool is_busy(std::size_t source) const { return sources_[source].asked > 0; }
    [[nodiscard]] std::size_t usable_count() const;
    // Bytes per second of one request; 0: not known yet.
    [[nodiscard]] double speed(std::size_t source) const { return sources_[source].bytes_per_second; }
    // Fastest first; those that have not answered yet before all others, so that they are tried.
    [[nodiscard]] std::vector<std::size_t> by_speed() const;

    // Each request begins with asked() and ends with released() and at most one of what follows.
    void asked(std::size_t source) { ++sources_[source].asked; }
    void released(std::size_t source) { --sources_[source].asked; }
    void answered(std::size_t source, std::uint64_t bytes, Duration taken);
    // It does not have the block: as good as an answer.
    void lacks(std::size_t source, const Error& error);
    void failed(std::size_t source, const Error& error);
    // Another source was faster although it was asked later.
    void outrun(std::size_t source, const Error& error);
    // It wants to be left alone until then.
    void rest(std::size_t source, Time until, const Error& error);
    // It lied. True the first time.
    [[nodiscard]] bool ban(std::size_t source, const Error& error);

    // How long a request usually takes at most, over all sources: mean and two deviations. A quarter of
    // a second until one has been answered.
    [[nodiscard]] Duration usual_time() const;

    // The last thing that went wrong with each source, for people.
    [[nodiscard]] std::string describe() const;

  private:
    struct State {
        bool usable = true;
        int asked = 0;
        double limit = 2;  // of requests at a time
        int failures_in_row = 0;
        int outrun_in_row = 0;
        int rests_in_row = 0;
        double bytes_per_second = 0;  // of one request; 0: not known
        double seconds_least = 0;     // that an answer took; 0: not known
        Time rests_until{};
        std::string last_error;
    };
    static void adjust_limit(State& state, std::uint64_t bytes, double seconds);
    void note(std::size_t source, const Error& error) {
        sources_[source].last_error = error.to_string();
    }

    std::vector<State> sources_;
    double seconds_mean_ = 0;  // of all answers, recent ones more; 0: none yet
    double seconds_deviation_ = 0;
};

}  // namespace assay::ipfs
