// The simulator's only source of chance: the same numbers from the same seed on every machine,
// which the distributions of the standard library do not promise. One owner at a time.

#pragma once

#include <cmath>
#include <cstdint>

namespace assay::sim {

// splitmix64 (Steele, Lea, Flood 2014).
class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    // 0 <= result < n
    std::uint64_t below(std::uint64_t n) noexcept { return next() % n; }
    // 0 <= result < 1
    double real() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double between(double low, double high) noexcept { return low + (high - low) * real(); }
    bool chance(double probability) noexcept { return real() < probability; }
    double exponential(double mean) noexcept { return -mean * std::log(1.0 - real()); }
    // A stream of its own, so that one more draw here changes nothing there.
    Random fork() noexcept { return Random(next()); }

  private:
    std::uint64_t state_;
};

}  // namespace assay::sim
