// Keeps a transfer under a rate by sleeping between its pieces; what is not read fills the
// connection's window and slows the sender down. One thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace assay::device {

class Pacer {
  public:
    explicit Pacer(std::uint64_t bytes_per_s) noexcept : bytes_per_s_{bytes_per_s} {}  // 0: no limit

    // Returns when so many bytes more are within the rate.
    void took(std::size_t bytes);

  private:
    std::uint64_t bytes_per_s_;
    std::chrono::steady_clock::time_point due_{};
};

}  // namespace assay::device
