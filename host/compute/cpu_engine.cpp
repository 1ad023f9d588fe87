#include "host/compute/cpu_engine.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "host/base/assert.hpp"
#include "host/compute/pow_tiles.hpp"

namespace assay::compute {
namespace {

// Handing messages to other threads costs a few microseconds: not worth it below this.
constexpr std::size_t kParallelBytesMin = 32 * 1024;
// Twice the streams a core interleaves, so that lanes rarely run empty.
constexpr std::size_t kMessagesPerTask = 8;

// About 1 ms on the slowest core: short enough to stop promptly, long enough to hide the lock.
constexpr std::uint64_t kTileHashes = 1 << 12;
constexpr std::uint32_t kTileRolls = 64;

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

    [[nodiscard]] PowResult result() const {
        PowResult out;
        out.hashes_tried = tried_;
        if (best_ != kNoHitKey) {
            const auto nonce = static_cast<std::uint32_t>(best_ >> 32);
            const auto roll = static_cast<std::uint32_t>(best_ & 0xffffffff);
            ASSAY_ASSERT(words_.meets_target(nonce, roll));
            out.hit = words_.hit(nonce, roll);
        }
        return out;
    }

  private:
    std::optional<PowTile> take() {
        if (stop_.stop_requested()) return std::nullopt;
        const std::scoped_lock lock(mutex_);
        const auto tile = cursor_.next(kTileHashes, kTileRolls);
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
    std::size_t bytes = 0;
    for (const ByteView& message : messages) bytes += message.size();
    if (bytes < kParallelBytesMin || messages.size() == 1) {
        hash_messages(backend_, messages, digests);
        return {};
    }
    const tbb::blocked_range<std::size_t> all(0, messages.size(), kMessagesPerTask);
    arena_->execute([&] {
        tbb::parallel_for(all, [&](const tbb::blocked_range<std::size_t>& part) {
            hash_messages(backend_, messages.subspan(part.begin(), part.size()),
                          digests.subspan(part.begin(), part.size()));
        });
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
