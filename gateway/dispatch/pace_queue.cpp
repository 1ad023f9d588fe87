#include "gateway/dispatch/pace_queue.hpp"

#include <algorithm>

namespace assay::gateway {
namespace {

// What may be sent at once after a pause.
constexpr std::chrono::milliseconds kBurst{125};

std::chrono::duration<double> time_of(std::uint64_t bytes, std::uint64_t bytes_per_s) {
    return std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(bytes_per_s));
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
    const auto cost = std::chrono::duration_cast<PaceTime::duration>(time_of(bytes, bytes_per_s));
    free_at = std::max(free_at, now - kBurst) + cost;
}

std::chrono::duration<double> PaceQueue::Rate::wait(ledger::Urgency urgency, PaceTime now) const {
    if (bytes_per_s == 0) return {};
    std::uint64_t before = 0;
    for (auto i = static_cast<std::size_t>(urgency); i < asked.size(); ++i) before += asked[i];
    const PaceTime begin = std::max(free_at, now);
    return std::chrono::duration<double>(begin - now) + time_of(before, bytes_per_s);
}

PaceQueue::Place PaceQueue::place_of(const Waits::value_type& waiting) {
    const PieceRequest& request = waiting.second.request;
    return {-static_cast<int>(request.urgency), !request.goes_on, waiting.first};
}

PaceQueue::Site& PaceQueue::site(const std::string& name) {
    return sites_.try_emplace(name, limits_.site_bytes_per_s).first->second;
}

std::optional<PaceQueue::Place> PaceQueue::first_of(const Site& site) const {
    const bool is_full = limits_.site_downloads_max != 0 && site.downloads >= limits_.site_downloads_max;
    std::optional<Place> first;
    if (!site.begun.empty()) first = *site.begun.begin();
    if (!is_full && !site.beginning.empty() && (!first || *site.beginning.begin() < *first)) {
        first = *site.beginning.begin();
    }
    return first;
}

void PaceQueue::sort_in(Site& site, PaceTime now) {
    if (site.ready) ready_.erase(*site.ready);
    if (site.resting) resting_.erase({*site.resting, &site});
    site.ready.reset();
    site.resting.reset();
    const auto first = first_of(site);
    if (!first) return;
    if (site.rate.free_at <= now) {
        site.ready = first;
        ready_.emplace(*first, &site);
    } else {
        site.resting = site.rate.free_at;
        resting_.emplace(*site.resting, &site);
    }
}

void PaceQueue::rouse(PaceTime now) {
    while (!resting_.empty() && resting_.begin()->first <= now) sort_in(*resting_.begin()->second, now);
}

void PaceQueue::ask(PieceRequest request, PaceTime now) {
    Waiting waiting;
    waiting.site = &site(request.site);
    waiting.since = now;
    waiting.request = std::move(request);
    const auto at = waiting_.emplace(asked_++, std::move(waiting)).first;
    const PieceRequest& asked = at->second.request;
    Site& from = *at->second.site;
    for (Rate* const rate : {&all_, &from.rate}) {
        rate->asked[static_cast<std::size_t>(asked.urgency)] += asked.turn_bytes;
    }
    (asked.begins ? from.beginning : from.begun).insert(place_of(*at));
    sort_in(from, now);
}

PaceQueue::Waiting PaceQueue::take_out(Waits::iterator at) {
    const Place place = place_of(*at);
    Waiting out = std::move(at->second);
    waiting_.erase(at);
    for (Rate* const rate : {&all_, &out.site->rate}) {
        rate->asked[static_cast<std::size_t>(out.request.urgency)] -= out.request.turn_bytes;
    }
    (out.request.begins ? out.site->beginning : out.site->begun).erase(place);
    return out;
}

std::chrono::duration<double> PaceQueue::expected_wait(const std::string& name,
                                                       ledger::Urgency urgency,
                                                       PaceTime now) const {
    const auto from = sites_.find(name);
    const auto of_all = all_.wait(urgency, now);
    return from == sites_.end() ? of_all : std::max(of_all, from->second.rate.wait(urgency, now));
}

std::vector<std::uint64_t> PaceQueue::drop_overdue(PaceTime now) {
    std::vector<std::uint64_t> dropped;
    while (!waiting_.empty() && waiting_.begin()->second.since + kTurnOverdue <= now) {
        const Waiting given_up = take_out(waiting_.begin());
        sort_in(*given_up.site, now);
        dropped.push_back(given_up.request.id);
    }
    return dropped;
}

std::vector<std::uint64_t> PaceQueue::grant(PaceTime now) {
    std::vector<std::uint64_t> granted;
    rouse(now);
    while (!ready_.empty() && all_.free_at <= now) {
        const std::uint64_t first = std::get<std::uint64_t>(ready_.begin()->first);
        const Waiting next = take_out(waiting_.find(first));
        Site& from = *next.site;
        all_.take(next.request.bytes, now);
        from.rate.take(next.request.bytes, now);
        if (next.request.begins) ++from.downloads;
        sort_in(from, now);
        granted.push_back(next.request.id);
    }
    return granted;
}

std::optional<PaceTime> PaceQueue::next() const {
    if (waiting_.empty()) return std::nullopt;
    PaceTime due = waiting_.begin()->second.since + kTurnOverdue;
    if (!ready_.empty()) due = std::min(due, all_.free_at);
    if (!resting_.empty()) due = std::min(due, std::max(all_.free_at, resting_.begin()->first));
    return due;
}

void PaceQueue::end(const std::string& name, PaceTime now) {
    Site& from = site(name);
    if (from.downloads > 0) --from.downloads;
    sort_in(from, now);
}

}  // namespace assay::gateway
