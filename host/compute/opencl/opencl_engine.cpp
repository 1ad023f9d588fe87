#include "host/compute/opencl/opencl_engine.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "host/base/assert.hpp"
#include "host/compute/opencl/device_line.hpp"
#include "host/compute/opencl/make_engine.hpp"
#include "host/compute/opencl/message_hasher.hpp"
#include "host/compute/opencl/nonce_searcher.hpp"
#include "host/compute/pow_tiles.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute::opencl {
namespace {

using Clock = std::chrono::steady_clock;

// A launch of this time hides what it costs to make one (below 0.1 ms) and lets a stop through at
// once. Launches above the limit make the next ones shorter by more than their measure says.
constexpr double kLaunchSeconds = 0.012;
constexpr double kLaunchSecondsMax = 0.025;
constexpr std::uint64_t kTileHashesMin = 1 << 12;
constexpr std::uint64_t kTileHashesFirst = 1 << 15;
constexpr std::uint64_t kTileHashesMax = std::uint64_t{1} << 31;

// One digest of so many, and at least one, is checked.
constexpr std::size_t kMessagesPerSample = 128;

// What the device said of one tile, and how long it took; shared with its thread.
struct TileAnswer {
    std::optional<std::uint32_t> nonce;
    std::chrono::duration<double> took{};
};

}  // namespace

// Every kernel once, for drivers that compile at the first launch.
void warm_up(MessageHasher& hasher) {
    const ByteView message;
    Sha256Digest digest;
    DeviceCall call;
    hasher.hash(std::span(&message, 1), std::span(&digest, 1), call);
}

void warm_up(NonceSearcher& searcher) {
    PowWork work;
    work.version_mask = 0x1fffe000;
    const HeaderWords words(work);
    for (const std::uint32_t rolls : {1U, 64U}) {
        const PowTile tile{0, 64, 0, rolls};
        const auto midstates = words.midstates(portable_backend(), tile);
        static_cast<void>(searcher.search(words, tile, midstates));
    }
}

class OpenClEngine::Impl {
  public:
    Impl(LineParts parts, bool is_cpu)
        : info{parts.info}, on_cpu{is_cpu}, hashing_{parts}, searching_{parts} {}

    Result<void> hash(std::span<const ByteView> messages, std::span<Sha256Digest> digests) {
        used_ = Clock::now();
        std::vector<std::pair<std::size_t, Sha256Digest>> sample;
        const auto hash_sample = [&] {
            for (const std::size_t i : choose_sample(messages.size())) {
                sample.emplace_back(i, crypto::sha256(messages[i]));
            }
        };
        auto done = hashing_.run(
            [messages, digests](MessageHasher& hasher, DeviceCall& call) {
                hasher.hash(messages, digests, call);
            },
            {}, hash_sample);
        if (!done) return done;
        for (const auto& [i, digest] : sample) {
            if (digests[i] == digest) continue;
            hashing_.close();
            return fail(std::errc::io_error,
                        info.name + ": the digest of message " + std::to_string(i) + " is wrong");
        }
        return {};
    }

    Result<PowResult> search(const PowWork& work, const std::stop_token& stop) {
        const auto words = std::make_shared<const HeaderWords>(work);
        TileCursor cursor(work);
        PowResult result;
        std::uint64_t best = kNoHitKey;
        while (!stop.stop_requested()) {
            const auto tile = cursor.next(tile_hashes_, NonceSearcher::kRollsMax);
            if (!tile || order_key(tile->first_nonce, tile->first_roll) > best) break;
            const auto answer = launch(words, *tile, stop);
            if (!answer && answer.error().is(std::errc::operation_canceled)) break;
            if (!answer) {
                tile_hashes_ = kTileHashesFirst;  // it may have been too much for the device
                return fail(Error(answer.error()));
            }
            adapt(*tile, answer->took);
            if (!answer->nonce) {
                result.hashes_tried += tile->hashes();
                continue;
            }
            const auto key = confirm(*words, *tile, *answer->nonce);
            if (!key) {
                searching_.close();
                return fail(Error(key.error()));
            }
            result.hashes_tried += ((*key >> 32) - tile->first_nonce + 1) * tile->roll_count;
            best = std::min(best, *key);
            result.hit = words->hit(static_cast<std::uint32_t>(best >> 32),
                                    static_cast<std::uint32_t>(best & 0xffffffff));
        }
        return result;
    }

    void set_rate(double hashes_per_second) noexcept {
        const double wanted = hashes_per_second * kLaunchSeconds;
        tile_hashes_ = static_cast<std::uint64_t>(std::clamp(
            wanted, static_cast<double>(kTileHashesMin), static_cast<double>(kTileHashesMax)));
    }

    Result<void> open() {
        if (auto done = hashing_.run([](MessageHasher&, DeviceCall&) {}); !done) return done;
        return searching_.run([](NonceSearcher&, DeviceCall&) {});
    }

    Result<std::vector<ProgramBinary>> binaries() {
        auto out = hashing_.binaries();
        if (!out) return out;
        auto more = searching_.binaries();
        if (!more) return more;
        std::move(more->begin(), more->end(), std::back_inserter(*out));
        return out;
    }

    void rest_after(std::chrono::milliseconds idle) {
        if (Clock::now() - used_.load() < idle) return;
        used_ = Clock::time_point::max();  // until it is used again
        hashing_.close();
        searching_.close();
    }

    const EngineInfo info;
    const bool on_cpu;

  private:
    // Others each time, spread over the batch: a fault of one lane comes to light by and by.
    std::vector<std::size_t> choose_sample(std::size_t messages) {
        const std::size_t count = (messages + kMessagesPerSample - 1) / kMessagesPerSample;
        const std::uint64_t turn = turn_++;
        std::vector<std::size_t> out;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t first = i * kMessagesPerSample;
            const std::size_t size = std::min(kMessagesPerSample, messages - first);
            out.push_back(first + (turn * 0x9e3779b97f4a7c15U >> 32U) % size);
        }
        return out;
    }

    Result<TileAnswer> launch(const std::shared_ptr<const HeaderWords>& words,
                              const PowTile& tile,
                              const std::stop_token& stop) {
        used_ = Clock::now();
        auto midstates = std::make_shared<const std::vector<Sha256State>>(
            words->midstates(*usable_backends().front(), tile));
        const auto answer = std::make_shared<TileAnswer>();
        const auto done = searching_.run(
            [=](NonceSearcher& searcher, DeviceCall& call) {
                const auto started = Clock::now();
                call.expect_answer_within(kAnswerTime);
                answer->nonce = searcher.search(*words, tile, *midstates);
                answer->took = Clock::now() - started;
            },
            stop);
        if (!done) return fail(Error(done.error()));
        return *answer;
    }

    // Brings launches to the time wanted, by at most a factor of four at once: one that was held up
    // by other work says little.
    void adapt(const PowTile& tile, std::chrono::duration<double> took) noexcept {
        if (tile.hashes() < tile_hashes_ / 2) return;  // a rest of the work
        double factor = kLaunchSeconds / std::max(took.count(), 1e-6);
        if (took.count() > kLaunchSecondsMax) factor = std::min(factor, 0.5);
        if (factor > 0.8 && factor < 1.25) return;
        const double wanted =
            static_cast<double>(tile_hashes_.load()) * std::clamp(factor, 0.25, 4.0);
        set_rate(wanted / kLaunchSeconds);
    }

    // The kernel says at which nonce; which version, and whether it is true, is settled here.
    Result<std::uint64_t> confirm(const HeaderWords& words,
                                  const PowTile& tile,
                                  std::uint32_t nonce) const {
        if (nonce - tile.first_nonce < tile.nonce_count) {
            for (std::uint32_t i = 0; i < tile.roll_count; ++i) {
                if (!words.meets_target(nonce, tile.first_roll + i)) continue;
                return order_key(nonce, tile.first_roll + i);
            }
        }
        return fail(std::errc::io_error, info.name + " reported nonce " + std::to_string(nonce) +
                                             ", which does not meet the target");
    }

    DeviceLine<MessageHasher> hashing_;
    DeviceLine<NonceSearcher> searching_;
    std::atomic<std::uint64_t> tile_hashes_ = kTileHashesFirst;
    std::atomic<std::uint64_t> turn_ = 0;
    std::atomic<Clock::time_point> used_ = Clock::time_point::max();  // max: holds nothing
};

std::unique_ptr<OpenClEngine> make_engine(LineParts parts, bool on_cpu) {
    return std::make_unique<OpenClEngine>(
        std::make_unique<OpenClEngine::Impl>(std::move(parts), on_cpu));
}

OpenClEngine::OpenClEngine(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
OpenClEngine::~OpenClEngine() = default;

const EngineInfo& OpenClEngine::info() const noexcept { return impl_->info; }
bool OpenClEngine::on_cpu() const noexcept { return impl_->on_cpu; }

Result<void> OpenClEngine::hash_batch(std::span<const ByteView> messages,
                                      std::span<Sha256Digest> digests) {
    ASSAY_ASSERT(messages.size() == digests.size());
    if (messages.empty()) return {};
    return impl_->hash(messages, digests);
}

Result<PowResult> OpenClEngine::search(const PowWork& work, std::stop_token stop) {
    if (const auto checked = check_work(work); !checked) return fail(checked.error());
    return impl_->search(work, stop);
}

void OpenClEngine::set_search_rate(double hashes_per_second) noexcept {
    impl_->set_rate(hashes_per_second);
}
Result<std::vector<ProgramBinary>> OpenClEngine::binaries() { return impl_->binaries(); }
Result<void> OpenClEngine::open() { return impl_->open(); }
void OpenClEngine::rest_after(std::chrono::milliseconds idle) { impl_->rest_after(idle); }

}  // namespace assay::compute::opencl
