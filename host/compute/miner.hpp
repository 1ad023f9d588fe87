// Mines one block in the background: nonces, versions and extranonces, slice by slice, for a bounded
// share of the engine's time. With the engine "auto" that is all engines of the machine. A ledger
// node owns one and calls mine() from a thread that may block (host/compute/async.hpp).

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

// The work of a block with this extranonce, or none if there are no more. Called from a thread of
// the miner's.
using WorkSource = std::function<std::optional<PowWork>(std::uint64_t extranonce)>;

struct MinedHit {
    PowHit pow;
    std::uint64_t extranonce;
};

struct MiningResult {
    MiningResult() = default;

    std::optional<MinedHit> hit;
    std::uint64_t hashes_tried = 0;
    std::uint64_t next_extranonce = 0;  // the first that was not begun
};

class Miner {
  public:
    // `share` in (0, 1]: after each slice of work the miner rests so that busy / (busy + rest) is
    // the share. It works at a low priority, which the CPU engine's threads inherit; OpenCL drivers
    // have threads of their own, and there the share alone bounds what mining takes. `engine` must
    // outlive the miner.
    Miner(PowEngine& engine, double share);

    // Searches the ranges of the source's work from `first_extranonce` on, of each extranonce a few
    // versions at a time over all nonces, until the first hit. Returns early when stop is requested;
    // a rest ends at once then. One call at a time.
    [[nodiscard]] Result<MiningResult> mine(const WorkSource& source,
                                            std::uint64_t first_extranonce,
                                            std::stop_token stop);

    // Readable from any thread. The rate is that of the engine while busy: the share is not in it.
    [[nodiscard]] std::uint64_t hashes_total() const noexcept { return hashes_total_; }
    [[nodiscard]] double hashes_per_second() const noexcept { return hashes_per_second_; }
    [[nodiscard]] const EngineInfo& engine_info() const noexcept { return engine_.info(); }

  private:
    [[nodiscard]] Result<MiningResult> mine_here(const WorkSource& source,
                                                 std::uint64_t first_extranonce,
                                                 const std::stop_token& stop);
    [[nodiscard]] Result<PowResult> search_slices(const PowWork& work, const std::stop_token& stop);
    [[nodiscard]] std::uint64_t slice_hashes() const noexcept;
    void record(std::uint64_t hashes, std::chrono::nanoseconds busy) noexcept;

    PowEngine& engine_;
    const double share_;
    std::atomic<std::uint64_t> hashes_total_ = 0;
    std::atomic<double> hashes_per_second_ = 0;
};

}  // namespace assay::compute
