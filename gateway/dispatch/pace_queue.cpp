#include "gateway/dispatch/pace_queue.hpp"

#include <algorithm>

namespace assay::gateway {
namespace {

// What may be sent at once after a pause.
constexpr std::chrono::milliseconds kBurst{125};

void keep_earlier(std::optional<PaceTime>& earliest, PaceTime time) {
    if (!earliest || time < *earliest) earliest = time;
}

}  // namespace

std::uint64_t PaceLimits::piece_bytes() const noexcept {
    constexpr std::uint64_t kLeast = 4 * 1024;
    constexpr std::uint64_t kMost = 256 * 1024;
    std::uint64_t piece = kMost;
    for (const std::uint64_t rate : {bytes_per_s, site_bytes_per_s}) {
        if (rate != 0) piece = std::min(piece, std::max(kLeast, rate / 16));
    }
    return piece;
}

void PaceQueue::Rate::take(std::uint64_t bytes, PaceTime now) {
    if (bytes_per_s == 0) return;
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(bytes_per_s));
    free_at = std::max(free_at, now - kBurst) + std::chrono::duration_cast<PaceTime::duration>(cost);
}

PaceQueue::Site& PaceQueue::site(const std::string& name) {
    return sites_.try_emplace(name, limits_.site_bytes_per_s).first->second;
}

void PaceQueue::ask(PieceRequest request) {
    const auto key = std::make_pair(-static_cast<int>(request.urgency), asked_++);
    queue_.emplace(key, std::move(request));
}

std::vector<std::uint64_t> PaceQueue::grant(PaceTime now) {
    std::vector<std::uint64_t> granted;
    next_.reset();
    for (auto item = queue_.begin(); item != queue_.end();) {
        if (all_.free_at > now) {
            keep_earlier(next_, all_.free_at);
            break;
        }
        const PieceRequest& request = item->second;
        Site& from = site(request.site);
        const bool full = request.begins && limits_.site_downloads_max != 0 &&
                          from.downloads >= limits_.site_downloads_max;
        if (full || from.rate.free_at > now) {
            if (!full) keep_earlier(next_, from.rate.free_at);
            ++item;
            continue;
        }
        all_.take(request.bytes, now);
        from.rate.take(request.bytes, now);
        if (request.begins) ++from.downloads;
        granted.push_back(request.id);
        item = queue_.erase(item);
    }
    return granted;
}

void PaceQueue::end(const std::string& name) {
    Site& from = site(name);
    if (from.downloads > 0) --from.downloads;
}

}  // namespace assay::gateway
