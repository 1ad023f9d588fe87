#include "host/compute/miner.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "host/base/assert.hpp"
#include "host/compute/pow_tiles.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Short enough that the rests of a small share stay short too and load looks even; long enough for
// the engine to come up to speed.
constexpr std::chrono::duration<double> kSliceTime = 40ms;
constexpr std::uint64_t kSliceHashesFirst = 1 << 16;
constexpr std::uint64_t kSliceHashesMin = 1 << 12;
constexpr std::uint64_t kSliceHashesMax = std::uint64_t{1} << 40;

// How much the last slice counts in the rate.
constexpr double kRateWeight = 0.3;

void rest(Clock::duration time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Miner::Miner(PowEngine& engine, double share) : engine_{engine}, share_{share} {
    ASSAY_ASSERT(share > 0 && share <= 1);
}

Result<PowResult> Miner::mine(const PowWork& work, std::stop_token stop) {
    if (const auto checked = check_work(work); !checked) return fail(checked.error());
    TileCursor cursor(work);
    PowResult total;
    while (!stop.stop_requested()) {
        const auto tile = cursor.next(slice_hashes(), ~std::uint32_t{0});
        if (!tile) break;
        PowWork slice = work;
        slice.first_nonce = tile->first_nonce;
        slice.nonce_count = tile->nonce_count;
        slice.first_version_roll = tile->first_roll;
        slice.version_roll_count = tile->roll_count;

        const auto started = Clock::now();
        const auto result = engine_.search(slice, stop);
        const auto busy = Clock::now() - started;
        if (!result) return fail(result.error());
        record(result->hashes_tried, busy);
        total.hashes_tried += result->hashes_tried;
        if (stop.stop_requested()) break;
        // Versions are split only when a block has a single nonce, so the first hit is the lowest.
        total.hit = result->hit;
        if (total.hit) break;
        if (share_ < 1) {
            rest(std::chrono::duration_cast<Clock::duration>(busy * ((1 - share_) / share_)), stop);
        }
    }
    return total;
}

std::uint64_t Miner::slice_hashes() const noexcept {
    const double rate = hashes_per_second_;
    if (rate == 0) return kSliceHashesFirst;
    return std::clamp(static_cast<std::uint64_t>(rate * kSliceTime.count()), kSliceHashesMin,
                      kSliceHashesMax);
}

void Miner::record(std::uint64_t hashes, std::chrono::nanoseconds busy) noexcept {
    hashes_total_ += hashes;
    const double seconds = std::chrono::duration<double>(busy).count();
    if (hashes == 0 || seconds <= 0) return;
    const double now = static_cast<double>(hashes) / seconds;
    const double before = hashes_per_second_;
    hashes_per_second_ = before == 0 ? now : before + kRateWeight * (now - before);
}

}  // namespace assay::compute
