#include "host/compute/cpu_engine.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "host/base/assert.hpp"
#include "host/compute/pow_tiles.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute {
namespace {

// Waking another thread takes some ten microseconds: not worth it for less than this.
constexpr std::size_t kThreadBytesMin = 48 * 1024;
constexpr std::uint32_t kTileRolls = 64;

// The messages of a batch, handed out to threads in parts: large ones first, which keep the lanes
// of a thread filled, and small ones at the end, so that all threads finish together.
class Parts {
  public:
    Parts(const Sha256Backend& backend, std::size_t messages, std::size_t bytes, unsigned threads)
        : count_{messages}, step_{lanes(backend)}, threads_{threads_for(messages, bytes, threads)} {
        const std::size_t worthwhile = messages * kThreadBytesMin / std::max<std::size_t>(bytes, 1);
        part_min_ = threads_ == 1 ? messages : std::max(step_, worthwhile);
        // Little work is cut evenly.
        if (messages <= 2 * threads_ * backend.streams_max) {
            part_min_ = std::max(part_min_, (messages + threads_ - 1) / threads_);
        }
    }

    [[nodiscard]] std::size_t threads() const noexcept { return threads_; }

    struct Part {
        std::size_t first;
        std::size_t count;
    };
    [[nodiscard]] std::optional<Part> take() noexcept {
        std::size_t first = next_;
        std::size_t size = 0;
        do {
            if (first >= count_) return std::nullopt;
            const std::size_t left = count_ - first;
            const std::size_t guided = left / (2 * threads_) / step_ * step_;
            size = std::min(left, std::max(guided, part_min_));
        } while (!next_.compare_exchange_weak(first, first + size));
        return Part{first, size};
    }

  private:
    // As many messages as a thread can hash in hardly more time than one.
    static std::size_t lanes(const Sha256Backend& backend) noexcept {
        const Sha256Backend& few = backend.fewer != nullptr ? *backend.fewer : backend;
        return few.streams_step > 1 ? few.streams_step : few.streams_max;
    }
    [[nodiscard]] std::size_t threads_for(std::size_t messages,
                                          std::size_t bytes,
                                          unsigned threads) const noexcept {
        const std::size_t useful =
            std::min((messages + step_ - 1) / step_, bytes / kThreadBytesMin);
        return std::clamp<std::size_t>(useful, 1, threads);
    }

    const std::size_t count_;
    const std::size_t step_;
    const std::size_t threads_;
    std::size_t part_min_ = 0;
    std::atomic<std::size_t> next_ = 0;
};

void lower(std::atomic<std::uint64_t>& value, std::uint64_t to) noexcept {
    std::uint64_t seen = value.load();
    while (to < seen && !value.compare_exchange_weak(seen, to)) {
    }
}

// One search, worked on by all threads.
class Search {
  public:
    Search(const PowWork& work, const Sha256Backend& backend, std::stop_token stop)
        : words_{work}, backend_{backend}, stop_{std::move(stop)}, cursor_{work} {}

    void run_worker() {
        while (const auto tile = take()) {
            const auto midstates = words_.midstates(backend_, *tile);
            NonceTile nonces{midstates.data(),  midstates.size(), {}, {},
                             tile->first_nonce, tile->nonce_count};
            std::copy_n(words_.tail(), 3, nonces.tail);
            std::copy_n(words_.target(), 8, nonces.target);
            const TileResult result = backend_.search(nonces);
            tried_ += result.hashes_tried;
            if (!result.found) continue;
            const auto roll = static_cast<std::uint32_t>(tile->first_roll + result.midstate_index);
            lower(best_, order_key(result.nonce, roll));
        }
    }

    // Fails if the hit is none: the processor, or its code here, is not to be trusted.
    [[nodiscard]] Result<PowResult> result() const {
        PowResult out;
        out.hashes_tried = tried_;
        if (best_ != kNoHitKey) {
            const auto nonce = static_cast<std::uint32_t>(best_ >> 32);
            const auto roll = static_cast<std::uint32_t>(best_ & 0xffffffff);
            if (!words_.meets_target(nonce, roll)) {
                return fail(std::errc::io_error, std::string("cpu:") + backend_.name +
                                                     " reported nonce " + std::to_string(nonce) +
                                                     ", which does not meet the target");
            }
            out.hit = words_.hit(nonce, roll);
        }
        return out;
    }

  private:
    std::optional<PowTile> take() {
        if (stop_.stop_requested()) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        const auto tile = cursor_.next(backend_.tile_hashes, kTileRolls);
        if (tile && order_key(tile->first_nonce, tile->first_roll) > best_) return std::nullopt;
        return tile;
    }

    const HeaderWords words_;
    const Sha256Backend& backend_;
    const std::stop_token stop_;
    std::mutex mutex_;
    TileCursor cursor_;  // guarded by mutex_
    std::atomic<std::uint64_t> best_ = kNoHitKey;
    std::atomic<std::uint64_t> tried_ = 0;
};

}  // namespace

class CpuEngine::Arena : public tbb::task_arena {
  public:
    explicit Arena(unsigned threads_max)
        : task_arena{threads_max == 0 ? automatic : static_cast<int>(threads_max)} {}
};

CpuEngine::CpuEngine(const Sha256Backend& backend, unsigned threads_max)
    : backend_{backend}, arena_{std::make_unique<Arena>(threads_max)} {
    threads_ = arena_->max_concurrency();
    info_.name = std::string("cpu:") + backend.name;
    info_.description = std::string(backend.description) + ", " + std::to_string(threads_) +
                        (threads_ == 1 ? " thread" : " threads");
}

CpuEngine::~CpuEngine() = default;

Result<void> CpuEngine::hash_batch(std::span<const ByteView> messages,
                                   std::span<Sha256Digest> digests) {
    ASSAY_ASSERT(messages.size() == digests.size());
    if (messages.size() == 1) {
        // One message is one chain of rounds, which OpenSSL runs as fast as the core can.
        digests[0] = crypto::sha256(messages[0]);
        return {};
    }
    std::size_t bytes = 0;
    for (const ByteView& message : messages) bytes += message.size();
    Parts parts(backend_, messages.size(), bytes, static_cast<unsigned>(threads_));
    const auto work = [&] {
        while (const auto part = parts.take()) {
            hash_messages(backend_, messages.subspan(part->first, part->count),
                          digests.subspan(part->first, part->count));
        }
    };
    if (parts.threads() == 1) {
        work();
        return {};
    }
    arena_->execute([&] {
        tbb::parallel_for(
            std::size_t{0}, parts.threads(), [&](std::size_t) { work(); },
            tbb::simple_partitioner{});
    });
    return {};
}

Result<PowResult> CpuEngine::search(const PowWork& work, std::stop_token stop) {
    if (const auto checked = check_work(work); !checked) return fail(checked.error());
    Search search(work, backend_, std::move(stop));
    // Threads of its own, not TBB's: they inherit the priority of the caller, so that mining in the
    // background stays behind hashing, and no other search can keep this one waiting for them.
    std::vector<std::jthread> helpers;
    try {
        for (int i = 1; i < threads_; ++i) helpers.emplace_back([&] { search.run_worker(); });
    } catch (const std::system_error&) {  // no more threads: those there are do the work
    }
    search.run_worker();
    helpers.clear();
    return search.result();
}

}  // namespace assay::compute
