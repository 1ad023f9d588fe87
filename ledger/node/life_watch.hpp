// Looks at one node once a second and tells the operator what no single message shows: that nothing
// becomes final, that the clock jumped. Pure: both times are passed in. Used by Node, on its thread.

#pragma once

#include <chrono>
#include <optional>

#include "ledger/chain/chain.hpp"
#include "ledger/node/operator_events.hpp"

namespace assay::ledger {

// A step of the wall clock that no tick explains.
inline constexpr std::chrono::seconds kClockJump{10};
// While something waits to become final, this long without a new final block is a stall; or twenty
// block intervals, if that is longer.
inline constexpr std::chrono::seconds kFinalityStall{60};

class LifeWatch {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    explicit LifeWatch(OperatorEvents& events) : events_{events} {}

    void on_tick(const Chain& chain, Timestamp wall, SteadyTime steady);

  private:
    void watch_clock(Timestamp wall, SteadyTime steady);
    void watch_finality(const Chain& chain, Timestamp wall, SteadyTime steady);
    void watch_epoch(const Chain& chain, Timestamp wall);

    struct Clocks {
        Timestamp wall;
        SteadyTime steady;
    };

    OperatorEvents& events_;
    std::optional<Clocks> last_;
    BlockHeight final_height_ = 0;
    SteadyTime progress_{};  // of finality, or nothing waited
    bool stalled_ = false;  // nothing has become final for so long although something waits
    std::optional<std::uint64_t> epoch_;
};

}  // namespace assay::ledger
