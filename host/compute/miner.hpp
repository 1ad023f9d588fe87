// Mines with a bounded share of the engine's time. A ledger node owns one and calls mine() from a
// thread that may block (host/compute/async.hpp).

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>

#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

class Miner {
  public:
    // `share` in (0, 1]: after each slice of work the miner rests so that busy / (busy + rest) is
    // the share. `engine` must outlive the miner.
    Miner(PowEngine& engine, double share);

    // Searches `work` slice by slice, in the order of PowEngine::search and with its result: the
    // lowest hit. Returns early, without a hit, when stop is requested; a rest ends at once then.
    // One call at a time.
    [[nodiscard]] Result<PowResult> mine(const PowWork& work, std::stop_token stop);

    // Readable from any thread. The rate is that of the engine while busy: the share is not in it.
    [[nodiscard]] std::uint64_t hashes_total() const noexcept { return hashes_total_; }
    [[nodiscard]] double hashes_per_second() const noexcept { return hashes_per_second_; }
    [[nodiscard]] const EngineInfo& engine_info() const noexcept { return engine_.info(); }

  private:
    [[nodiscard]] std::uint64_t slice_hashes() const noexcept;
    void record(std::uint64_t hashes, std::chrono::nanoseconds busy) noexcept;

    PowEngine& engine_;
    const double share_;
    std::atomic<std::uint64_t> hashes_total_ = 0;
    std::atomic<double> hashes_per_second_ = 0;
};

}  // namespace assay::compute
