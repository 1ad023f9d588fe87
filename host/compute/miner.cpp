#include "host/compute/miner.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "host/base/assert.hpp"
#include "host/base/thread_priority.hpp"
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

// Versions searched together: a whole number of the engines' groups of 16, 32 and 48, whose message
// schedules they share, and few enough that their midstates cost nothing against the nonces.
constexpr std::uint64_t kRollsTogether = 96;

// How much the last slice counts in the rate.
constexpr double kRateWeight = 0.3;

// A tenth of the processor time of a thread that hashes or serves devices, when both want it all:
// mining waits for them, and still goes on.
constexpr int kNiceness = 10;

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

Result<MiningResult> Miner::mine(const WorkSource& source,
                                 std::uint64_t first_extranonce,
                                 std::stop_token stop) {
    Result<MiningResult> result;
    try {
        std::jthread([&] {
            lower_thread_priority(kNiceness);
            result = mine_here(source, first_extranonce, stop);
        }).join();
    } catch (const std::system_error& error) {
        return fail(error.code(), "starting a thread to mine");
    }
    return result;
}

Result<MiningResult> Miner::mine_here(const WorkSource& source,
                                      std::uint64_t first_extranonce,
                                      const std::stop_token& stop) {
    MiningResult total;
    total.next_extranonce = first_extranonce;
    while (!stop.stop_requested() && !total.hit) {
        auto work = source(total.next_extranonce);
        if (!work) break;
        if (const auto checked = check_work(*work); !checked) return fail(checked.error());
        const std::uint64_t extranonce = total.next_extranonce++;
        for (std::uint64_t left = work->version_roll_count;
             left > 0 && !total.hit && !stop.stop_requested();) {
            work->version_roll_count = std::min(left, kRollsTogether);
            const auto result = search_slices(*work, stop);
            if (!result) return fail(result.error());
            total.hashes_tried += result->hashes_tried;
            if (result->hit) total.hit = MinedHit{*result->hit, extranonce};
            work->first_version_roll += static_cast<std::uint32_t>(work->version_roll_count);
            left -= work->version_roll_count;
        }
    }
    return total;
}

Result<PowResult> Miner::search_slices(const PowWork& work, const std::stop_token& stop) {
    PowResult total;
    PowWork slice = work;
    TileCursor cursor(work);
    while (!stop.stop_requested() && !total.hit) {
        const auto tile = cursor.next(slice_hashes(), kRollsTogether);
        if (!tile) break;
        slice.first_nonce = tile->first_nonce;
        slice.nonce_count = tile->nonce_count;

        const auto started = Clock::now();
        const auto result = engine_.search(slice, stop);
        const auto busy = Clock::now() - started;
        if (!result) return fail(result.error());
        record(result->hashes_tried, busy);
        total.hashes_tried += result->hashes_tried;
        total.hit = result->hit;
        if (share_ < 1 && !total.hit) {
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
