#include "host/compute/shared_search.hpp"

#include <algorithm>
#include <functional>
#include <list>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "host/compute/pow_tiles.hpp"

namespace assay::compute {
namespace {

// A slice takes its engine at least this long, so that handing it out costs nothing, and at most
// that, so that what is lost when its engine fails is little.
constexpr double kSliceSecondsMin = 0.003;
constexpr double kSliceSecondsMax = 0.25;
constexpr double kRateMin = 1e5;  // of an engine whose rate is not known

std::uint64_t first_key(const PowTile& tile) noexcept {
    return order_key(tile.first_nonce, tile.first_roll);
}

}  // namespace

class SharedSearch::Impl {
  public:
    Impl(const PowWork& work, std::stop_token stop)
        : work_{work},
          words_{work},
          cursor_{work},
          left_{static_cast<double>(work.nonce_count) *
                static_cast<double>(work.version_roll_count)},
          stop_{std::move(stop)} {}

    // One engine's part in the search, until there is nothing more for it or it fails.
    void run(PowEngine& engine, std::uint64_t rate, double part) {
        std::list<Slice>::iterator slice;
        while (take(rate, part, slice)) {
            PowWork work = work_;
            work.first_nonce = slice->tile.first_nonce;
            work.nonce_count = slice->tile.nonce_count;
            work.first_version_roll = slice->tile.first_roll;
            work.version_roll_count = slice->tile.roll_count;
            const auto result = engine.search(work, slice->stop.get_token());
            const std::scoped_lock lock(mutex_);
            if (!result) {
                returned_.push_back(slice->tile);
                problems_ += "; " + result.error().to_string();
            } else {
                result_.hashes_tried += result->hashes_tried;
                if (result->hit) note_hit(*result->hit);
            }
            under_way_.erase(slice);
            if (!result) return;
        }
    }

    [[nodiscard]] bool finished() {
        const std::scoped_lock lock(mutex_);
        if (stop_.stop_requested()) return true;
        if (!returned_.empty()) return false;
        return exhausted_ || (next_ && first_key(*next_) > best_);
    }
    [[nodiscard]] PowResult result() {
        const std::scoped_lock lock(mutex_);
        return result_;
    }
    [[nodiscard]] std::string take_problems() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(problems_, {});
    }

  private:
    struct Slice {
        explicit Slice(const PowTile& of) : tile{of} {}
        PowTile tile;
        std::stop_source stop;
    };

    // The next slice, noted as under way.
    bool take(std::uint64_t rate, double part, std::list<Slice>::iterator& slice) {
        const std::scoped_lock lock(mutex_);
        if (stop_.stop_requested()) return false;
        std::optional<PowTile> tile = take_returned();
        if (!tile) tile = take_new(std::max(static_cast<double>(rate), kRateMin), part);
        if (!tile) return false;
        slice = under_way_.emplace(under_way_.end(), *tile);
        return true;
    }

    std::optional<PowTile> take_returned() {
        std::erase_if(returned_, [&](const PowTile& tile) { return first_key(tile) > best_; });
        if (returned_.empty()) return std::nullopt;
        const PowTile tile = returned_.back();
        returned_.pop_back();
        return tile;
    }

    std::optional<PowTile> take_new(double rate, double part) {
        if (exhausted_) return std::nullopt;
        // Half of what would be this engine's part of the rest: all come to the end together.
        const double wanted =
            std::clamp(left_ * part / 2, rate * kSliceSecondsMin, rate * kSliceSecondsMax);
        const auto tile = next_ ? std::exchange(next_, std::nullopt)
                                : cursor_.next(static_cast<std::uint64_t>(wanted), kRollsMax);
        if (!tile) {
            exhausted_ = true;
            return std::nullopt;
        }
        if (first_key(*tile) > best_) {
            next_ = tile;
            return std::nullopt;
        }
        left_ -= static_cast<double>(tile->hashes());
        return tile;
    }

    // The mutex is held.
    void note_hit(const PowHit& hit) {
        const auto key = key_of(hit);
        if (key >= best_) return;
        best_ = key;
        result_.hit = hit;
        for (Slice& slice : under_way_) {
            if (first_key(slice.tile) > best_) slice.stop.request_stop();
        }
    }

    // The roll is found by trying: hits are rare.
    [[nodiscard]] std::uint64_t key_of(const PowHit& hit) const {
        const std::uint64_t end = work_.first_version_roll + work_.version_roll_count;
        for (std::uint64_t roll = work_.first_version_roll; roll < end; ++roll) {
            const auto number = static_cast<std::uint32_t>(roll);
            if (words_.hit(hit.nonce, number) == hit) return order_key(hit.nonce, number);
        }
        return kNoHitKey;
    }

    void stop_all() {
        const std::scoped_lock lock(mutex_);
        for (Slice& slice : under_way_) slice.stop.request_stop();
    }

    static constexpr std::uint32_t kRollsMax = ~std::uint32_t{0};

    const PowWork work_;
    const HeaderWords words_;
    std::mutex mutex_;  // guards all below but stop_
    TileCursor cursor_;
    std::optional<PowTile> next_;  // taken from the cursor, but above the best hit
    bool exhausted_ = false;       // the cursor
    double left_;                  // hashes not handed out
    std::vector<PowTile> returned_;
    std::list<Slice> under_way_;
    std::uint64_t best_ = kNoHitKey;
    PowResult result_;
    std::string problems_;
    std::stop_token stop_;
    std::stop_callback<std::function<void()>> on_stop_{stop_, [this] { stop_all(); }};
};

SharedSearch::SharedSearch(const PowWork& work, std::stop_token stop)
    : impl_{std::make_unique<Impl>(work, std::move(stop))} {}
SharedSearch::~SharedSearch() = default;

std::string SharedSearch::run(std::span<PowEngine* const> engines,
                              std::span<const std::uint64_t> rates) {
    const auto all =
        static_cast<double>(std::accumulate(rates.begin(), rates.end(), std::uint64_t{1}));
    // One alone takes all there is, as far as a slice goes.
    const auto part = [&](std::size_t i) {
        return engines.size() == 1 ? 2.0 : static_cast<double>(rates[i]) / all;
    };
    {
        std::vector<std::jthread> threads;
        try {
            for (std::size_t i = 1; i < engines.size(); ++i) {
                threads.emplace_back([&, i] { impl_->run(*engines[i], rates[i], part(i)); });
            }
        } catch (const std::system_error&) {  // no thread to be had: then with fewer engines
        }
        impl_->run(*engines[0], rates[0], part(0));
    }
    return impl_->take_problems();
}

bool SharedSearch::finished() const { return impl_->finished(); }
PowResult SharedSearch::result() const { return impl_->result(); }

}  // namespace assay::compute
