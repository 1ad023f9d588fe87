#include "device/retry.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "host/crypto/random.hpp"

namespace assay::device {

Milliseconds backoff(std::uint64_t failures, Milliseconds first, Milliseconds max) {
    constexpr std::uint64_t kDoublingsMax = 20;
    const std::uint64_t doublings = std::min(failures == 0 ? 0 : failures - 1, kDoublingsMax);
    return std::min(first * (std::int64_t{1} << doublings), max);
}

Milliseconds with_jitter(Milliseconds pause) {
    std::array<std::byte, 4> raw{};
    crypto::fill_random(raw);
    std::uint32_t random = 0;
    std::memcpy(&random, raw.data(), sizeof random);
    return pause + Milliseconds(random % (pause.count() / 10 + 1));
}

}  // namespace assay::device
