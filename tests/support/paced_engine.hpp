// An engine held to so many hashes a second: members of a test find blocks as often as the test
// says, on a fast machine, on a slow one and on one that is busy, and sleep in between.
//
// With work that is nothing every member has a block within microseconds of a new tip: votes split
// again and again, and how long until a quorum meets is a matter of luck (docs/ledger-rules.md asks
// for an interval that is long against the network's delay).

#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "host/compute/pow_engine.hpp"

namespace assay::test {

class PacedEngine : public compute::PowEngine {
  public:
    // `inner` must outlive it. Each search at a time has the rate for itself.
    PacedEngine(compute::PowEngine& inner, double hashes_per_second)
        : inner_{inner}, rate_{hashes_per_second} {}

    [[nodiscard]] const compute::EngineInfo& info() const noexcept override {
        return inner_.info();
    }

    [[nodiscard]] Result<compute::PowResult> search(const compute::PowWork& work,
                                                    std::stop_token stop) override {
        const auto started = std::chrono::steady_clock::now();
        compute::PowResult total;
        compute::PowWork some = work;
        some.nonce_count = 1;
        for (std::uint64_t nonce = 0; nonce < work.nonce_count; ++nonce) {
            some.first_nonce = work.first_nonce + static_cast<std::uint32_t>(nonce);
            for (std::uint64_t roll = 0; roll < work.version_roll_count; roll += kAtOnce) {
                some.first_version_roll =
                    work.first_version_roll + static_cast<std::uint32_t>(roll);
                some.version_roll_count = std::min(kAtOnce, work.version_roll_count - roll);
                const auto result = inner_.search(some, stop);
                if (!result) return result;
                total.hashes_tried += result->hashes_tried;
                const std::chrono::duration<double> due{
                    static_cast<double>(total.hashes_tried) / rate_};
                sleep_until(started +
                                std::chrono::duration_cast<std::chrono::nanoseconds>(due),
                            stop);
                total.hit = result->hit;
                if (total.hit || stop.stop_requested()) return total;
            }
        }
        return total;
    }

  private:
    static constexpr std::uint64_t kAtOnce = 16;

    static void sleep_until(std::chrono::steady_clock::time_point due,
                            const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any woken;
        std::unique_lock lock(mutex);
        woken.wait_until(lock, stop, due, [] { return false; });
    }

    compute::PowEngine& inner_;
    const double rate_;
};

}  // namespace assay::test
