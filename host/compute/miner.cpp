#include "host/compute/miner.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include <sys/resource.h>

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

// Versions searched together: a whole number of the engines' groups of 16, 32 and 48, whose message
// schedules they share, and few enough that their midstates cost nothing against the nonces.
constexpr std::uint32_t kRollsTogether = 96;

// How much the last slice counts in the rate.
constexpr double kRateWeight = 0.3;

// A tenth of the processor time of a thread that hashes or serves devices, when both want it all:
// mining waits for them, and still goes on.
constexpr int kNiceness = 10;

std::uint64_t slice_hashes(double rate) noexcept {
    if (rate == 0) return kSliceHashesFirst;
    return std::clamp(static_cast<std::uint64_t>(rate * kSliceTime.count()), kSliceHashesMin,
                      kSliceHashesMax);
}

void rest(Clock::duration time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, time, [] { return false; });
}

struct Slice {
    PowWork work;
    std::uint64_t extranonce = 0;
};

}  // namespace

// One call of mine(): what is still to be searched, and what came out. Thread-safe.
class Miner::Search {
  public:
    Search(const WorkSource& source, std::uint64_t first_extranonce)
        : source_{source}, next_extranonce_{first_extranonce} {}

    // None once there is an outcome, or when nothing is left. Fails if the source's work is bad.
    std::optional<Slice> next(std::uint64_t hashes) {
        const std::scoped_lock lock(mutex_);
        if (is_over()) return std::nullopt;
        if (!given_back_.empty()) {
            Slice slice = std::move(given_back_.back());
            given_back_.pop_back();
            return slice;
        }
        while (true) {
            if (const auto tile = cursor_ ? cursor_->next(hashes, kRollsTogether) : std::nullopt) {
                return cut(*tile);
            }
            if (!begin_versions() && !begin_extranonce()) return std::nullopt;
        }
    }

    void tried(std::uint64_t hashes) {
        const std::scoped_lock lock(mutex_);
        result_.hashes_tried += hashes;
    }

    void found(const PowHit& hit, std::uint64_t extranonce) {
        const std::scoped_lock lock(mutex_);
        if (!result_.hit) result_.hit = MinedHit{hit, extranonce};
        ended_.request_stop();
    }

    void failed(const std::string& engine, const Error& error, Slice slice) {
        const std::scoped_lock lock(mutex_);
        given_back_.push_back(std::move(slice));
        result_.failures += (result_.failures.empty() ? "" : "; ") + engine + ": " +
                            error.to_string();
    }

    [[nodiscard]] bool has_work_left() {
        const std::scoped_lock lock(mutex_);
        return !is_over() && !given_back_.empty();
    }
    void stop() { ended_.request_stop(); }
    [[nodiscard]] std::stop_token stop_token() const { return ended_.get_token(); }
    [[nodiscard]] bool is_stopped() const { return ended_.stop_requested(); }

    Result<MiningResult> take_result() {
        if (bad_work_) return fail(std::move(*bad_work_));
        result_.next_extranonce = next_extranonce_;
        return std::move(result_);
    }

  private:
    [[nodiscard]] bool is_over() const { return ended_.stop_requested() || bad_work_; }

    Slice cut(const PowTile& tile) const {
        Slice slice{work_, next_extranonce_ - 1};
        slice.work.first_nonce = tile.first_nonce;
        slice.work.nonce_count = tile.nonce_count;
        slice.work.first_version_roll = tile.first_roll;
        slice.work.version_roll_count = tile.roll_count;
        return slice;
    }

    // The next few versions of the extranonce under way.
    bool begin_versions() {
        if (rolls_left_ == 0) return false;
        PowWork part = work_;
        part.first_version_roll = next_roll_;
        part.version_roll_count = std::min<std::uint64_t>(rolls_left_, kRollsTogether);
        next_roll_ += static_cast<std::uint32_t>(part.version_roll_count);
        rolls_left_ -= part.version_roll_count;
        cursor_.emplace(part);
        return true;
    }

    bool begin_extranonce() {
        const auto work = source_(next_extranonce_);
        if (!work) return false;
        if (const auto checked = check_work(*work); !checked) {
            bad_work_ = checked.error();
            return false;
        }
        ++next_extranonce_;
        work_ = *work;
        next_roll_ = work_.first_version_roll;
        rolls_left_ = work_.version_roll_count;
        return true;
    }

    const WorkSource& source_;
    std::stop_source ended_;
    std::mutex mutex_;  // guards all below
    PowWork work_;      // of the extranonce before next_extranonce_
    std::uint64_t next_extranonce_;
    std::uint32_t next_roll_ = 0;
    std::uint64_t rolls_left_ = 0;
    std::optional<TileCursor> cursor_;
    std::vector<Slice> given_back_;
    std::optional<Error> bad_work_;
    MiningResult result_;
};

Miner::Miner(const std::vector<PowEngine*>& engines, double share) : share_{share} {
    ASSAY_ASSERT(share > 0 && share <= 1 && !engines.empty());
    for (PowEngine* engine : engines) lanes_.emplace_back(*engine);
}

Result<MiningResult> Miner::mine(const WorkSource& source,
                                 std::uint64_t first_extranonce,
                                 std::stop_token stop) {
    Search search(source, first_extranonce);
    const std::stop_callback forward(stop, [&search] { search.stop(); });
    std::vector<Lane*> alive;
    for (Lane& lane : lanes_) alive.push_back(&lane);
    std::mutex mutex;
    do {
        std::vector<Lane*> willing;
        {
            std::vector<std::jthread> threads;
            try {
                for (Lane* lane : alive) {
                    threads.emplace_back([&, lane] {
                        if (!run(*lane, search)) return;
                        const std::scoped_lock lock(mutex);
                        willing.push_back(lane);
                    });
                }
            } catch (const std::system_error& error) {
                search.stop();
                return fail(error.code(), "starting a mining thread");
            }
        }
        alive = std::move(willing);
    } while (!alive.empty() && search.has_work_left());
    const bool stopped = search.is_stopped();
    auto result = search.take_result();
    if (result && alive.empty() && !stopped) {
        return fail(std::errc::no_such_device, result->failures);
    }
    return result;
}

bool Miner::run(Lane& lane, Search& search) const {
    // On Linux 0 is the calling thread alone, and what it starts inherits.
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kNiceness);
    while (auto slice = search.next(slice_hashes(lane.rate))) {
        const auto started = Clock::now();
        const auto result = lane.engine->search(slice->work, search.stop_token());
        const auto busy = Clock::now() - started;
        if (!result) {
            search.failed(lane.engine->info().name, result.error(), std::move(*slice));
            return false;
        }
        lane.record(result->hashes_tried, busy);
        search.tried(result->hashes_tried);
        if (result->hit) search.found(*result->hit, slice->extranonce);
        if (share_ < 1 && !search.is_stopped()) {
            rest(std::chrono::duration_cast<Clock::duration>(busy * ((1 - share_) / share_)),
                 search.stop_token());
        }
    }
    return true;
}

void Miner::Lane::record(std::uint64_t tried, std::chrono::nanoseconds busy) noexcept {
    hashes += tried;
    const double seconds = std::chrono::duration<double>(busy).count();
    if (tried == 0 || seconds <= 0) return;
    const double now = static_cast<double>(tried) / seconds;
    const double before = rate;
    rate = before == 0 ? now : before + kRateWeight * (now - before);
}

std::uint64_t Miner::hashes_total() const noexcept {
    std::uint64_t total = 0;
    for (const Lane& lane : lanes_) total += lane.hashes;
    return total;
}

double Miner::hashes_per_second() const noexcept {
    double total = 0;
    for (const Lane& lane : lanes_) total += lane.rate;
    return total;
}

std::string Miner::engine_names() const {
    std::string names;
    for (const Lane& lane : lanes_) names += (names.empty() ? "" : "+") + lane.engine->info().name;
    return names;
}

}  // namespace assay::compute
