// An engine that is trusted only as far as it was tested: it must pass the known-answer self test
// before its first use and periodically after that. One that fails, hangs, vanishes or answers
// wrongly is dropped at once: calls fail without touching it until it passes the test again, which
// is tried after ever longer times. Made by the engine registry for every engine there is.
// Thread-safe.

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "host/compute/engine_rates.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/compute/supervision.hpp"

namespace assay::compute {

class SupervisedEngine final : public HashEngine, public PowEngine {
  public:
    using Clock = std::chrono::steady_clock;

    // `cache` outlives this.
    template <typename E>
    SupervisedEngine(std::unique_ptr<E> engine, Supervision times, const RateCache& cache)
        : hash_{engine.get()},
          pow_{engine.get()},
          owner_{std::move(engine)},
          times_{times},
          cache_{cache} {}

    [[nodiscard]] const EngineInfo& info() const noexcept override { return owner_->info(); }
    // Both fail, with the reason, while the engine is dropped.
    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override;
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override;

    // Runs the self test if that was never done. Fails, with the reason, if the engine is dropped.
    [[nodiscard]] Result<void> test();
    [[nodiscard]] bool serves() const noexcept { return serves_; }
    [[nodiscard]] EngineHealth health() const;

    // Measured now unless it was before, by this or an earlier process.
    [[nodiscard]] Result<EngineRates> rates();
    // What is known without measuring; zeros before that.
    [[nodiscard]] EngineRates known_rates() const;

    // Tests again what is due, and measures what serves. For one thread of the registry; returns
    // when it wants to be called again.
    Clock::time_point supervise();

  private:
    // testing_ is held.
    [[nodiscard]] Result<void> run_self_test();
    [[nodiscard]] Result<EngineRates> measure();
    void drop(const Error& error);

    HashEngine* const hash_;
    PowEngine* const pow_;
    const std::unique_ptr<HashEngine> owner_;
    const Supervision times_;
    const RateCache& cache_;

    std::mutex testing_;  // held while a self test or a measurement runs
    std::atomic<bool> serves_ = false;
    mutable std::mutex mutex_;  // guards all below
    EngineState state_ = EngineState::kUntested;
    std::string problem_;
    std::uint64_t failures_ = 0;
    std::chrono::milliseconds retry_after_{0};
    Clock::time_point due_ = Clock::time_point::max();  // the next self test
    bool rates_wanted_ = false;
    std::optional<EngineRates> rates_;
};

}  // namespace assay::compute
