// Mines one block in the background: hands ranges of extranonce, version and nonce to all engines
// given, each for a bounded share of its time. A ledger node owns one and calls mine() from a
// thread that may block (host/compute/async.hpp).

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

// The work of a block with this extranonce, or none if there are no more. All of one block's work
// has the ranges of nonces and versions that the miner may use. Called from threads of the miner's,
// one at a time.
using WorkSource = std::function<std::optional<PowWork>(std::uint64_t extranonce)>;

struct MinedHit {
    PowHit pow;
    std::uint64_t extranonce;

    friend bool operator==(const MinedHit&, const MinedHit&) = default;
};

struct MiningResult {
    MiningResult() = default;

    std::optional<MinedHit> hit;
    std::uint64_t hashes_tried = 0;
    std::uint64_t next_extranonce = 0;  // the first that was not begun
    std::string failures;  // of engines that dropped out while others went on; empty: none
};

class Miner {
  public:
    // `share` in (0, 1]: after each slice of work an engine rests so that busy / (busy + rest) is
    // the share. The threads run at a low priority, which the CPU engine's inherit; OpenCL drivers
    // have threads of their own, and there the share alone bounds what mining takes. The engines,
    // at least one, must outlive the miner.
    Miner(const std::vector<PowEngine*>& engines, double share);

    // Searches from `first_extranonce` on, for each extranonce a few versions at a time over all
    // nonces, and returns the first hit that an engine reports. Returns early when stop is requested;
    // a rest ends at once then. An engine that fails is left out for the rest of
    // the call and its slice is done by another; fails if all have. One call at a time.
    [[nodiscard]] Result<MiningResult> mine(const WorkSource& source,
                                            std::uint64_t first_extranonce,
                                            std::stop_token stop);

    // Readable from any thread. The rate is that of the engines while busy: the share is not in it.
    [[nodiscard]] std::uint64_t hashes_total() const noexcept;
    [[nodiscard]] double hashes_per_second() const noexcept;
    // "opencl:0", or "opencl:0+opencl:1"
    [[nodiscard]] std::string engine_names() const;

  private:
    struct Lane {
        explicit Lane(PowEngine& of) : engine{&of} {}
        PowEngine* engine;
        std::atomic<std::uint64_t> hashes = 0;
        std::atomic<double> rate = 0;  // hashes per second; 0: not known yet

        void record(std::uint64_t tried, std::chrono::nanoseconds busy) noexcept;
    };
    class Search;

    // Whether the engine did all that it was given.
    bool run(Lane& lane, Search& search) const;

    std::deque<Lane> lanes_;
    const double share_;
};

}  // namespace assay::compute
