#include "ledger/node/life_watch.hpp"

#include <algorithm>
#include <utility>

namespace assay::ledger {
namespace {

using std::chrono::seconds;

std::string in_seconds(seconds time) { return std::to_string(time.count()) + " s"; }

}  // namespace

void LifeWatch::on_tick(const Chain& chain, Timestamp wall, SteadyTime steady) {
    watch_clock(wall, steady);
    if (chain.has_failed()) return;  // nothing can be said of it
    watch_finality(chain, wall, steady);
    watch_epoch(chain, wall);
}

void LifeWatch::watch_clock(Timestamp wall, SteadyTime steady) {
    const std::optional<Clocks> before = std::exchange(last_, Clocks{wall, steady});
    if (!before) return;
    const auto passed = std::chrono::duration_cast<seconds>(steady - before->steady);
    const seconds jump = (wall - before->wall) - passed;
    if (jump > -kClockJump && jump < kClockJump) return;
    const bool ahead = jump > seconds{0};
    events_.note(wall, log::Level::kWarning, "clock-jumped", "",
                 std::string(ahead ? "forward" : "back") + " by " +
                     in_seconds(ahead ? jump : -jump) +
                     ": blocks of members whose clocks differ by more than two intervals wait");
}

void LifeWatch::watch_finality(const Chain& chain, Timestamp wall, SteadyTime steady) {
    const BlockHeight height = chain.final_block().height;
    const bool waits =
        chain.mempool_size() > 0 || chain.tip().log_size > chain.final_log_size();
    if (!waits || height != final_height_ || progress_ == SteadyTime{}) {
        if (stalled_ && height != final_height_) {
            events_.note(wall, log::Level::kInfo, "finality-resumed", "",
                         "block " + std::to_string(height) + " is final");
        }
        stalled_ = stalled_ && height == final_height_ && waits;
        final_height_ = height;
        progress_ = steady;
        return;
    }
    const seconds limit = std::max<seconds>(
        kFinalityStall, 20 * seconds{chain.genesis().params.target_interval_s});
    if (stalled_ || steady < progress_ + limit) return;
    stalled_ = true;
    events_.note(wall, log::Level::kWarning, "finality-stalls", "",
                 "nothing above block " + std::to_string(height) + " became final in " +
                     in_seconds(limit) + ": do " + std::to_string(chain.epoch().quorum()) + " of " +
                     std::to_string(chain.epoch().node_count()) + " nodes run and reach each other?");
}

void LifeWatch::watch_epoch(const Chain& chain, Timestamp wall) {
    const std::uint64_t now = chain.epoch().number();
    if (epoch_ && *epoch_ != now) {
        events_.note(wall, log::Level::kInfo, "epoch-changed", "",
                     "epoch " + std::to_string(now) + " governs: " +
                         std::to_string(chain.epoch().node_count()) + " nodes, quorum " +
                         std::to_string(chain.epoch().quorum()));
    }
    epoch_ = now;
}

}  // namespace assay::ledger
