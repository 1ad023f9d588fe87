#include "device/pacer.hpp"

#include <algorithm>
#include <thread>

namespace assay::device {

void Pacer::took(std::size_t bytes) {
    if (bytes_per_s_ == 0) return;
    const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                             static_cast<double>(bytes_per_s_));
    // An idle time earns nothing: no burst follows it.
    due_ = std::max(due_, std::chrono::steady_clock::now()) +
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(cost);
    std::this_thread::sleep_until(due_);
}

}  // namespace assay::device
