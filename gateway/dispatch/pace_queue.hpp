// Who may send its next piece of an image when bytes are scarce: the most urgent release first, then
// in the order of asking, so that devices of equal urgency take turns piece by piece. Keeps the rates of
// the gateway and of each site, and the number of downloads of a site at a time. Pure: time is
// passed in; SendPacer puts it to work.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/core/release_record.hpp"

namespace assay::gateway {

// 0: no limit.
struct PaceLimits {
    std::uint64_t bytes_per_s = 0;         // to all devices together
    std::uint64_t site_bytes_per_s = 0;    // to those of one site
    std::uint32_t site_downloads_max = 0;  // of one site at a time

    [[nodiscard]] bool any() const noexcept {
        return bytes_per_s != 0 || site_bytes_per_s != 0 || site_downloads_max != 0;
    }
    // What is sent in one go: a sixteenth of a second, 4 to 256 KiB.
    [[nodiscard]] std::uint64_t piece_bytes() const noexcept;
};

using PaceTime = std::chrono::steady_clock::time_point;

struct PieceRequest {
    std::uint64_t id = 0;
    std::string site;
    ledger::Urgency urgency = ledger::Urgency::kRoutine;
    std::uint64_t bytes = 0;
    bool begins = false;  // the first piece of a download, which counts among its site's from then on
};

class PaceQueue {
  public:
    explicit PaceQueue(const PaceLimits& limits) : limits_{limits}, all_{limits.bytes_per_s} {}

    void ask(PieceRequest request);
    // The ids of those that may go now, in order; they are asked about no more.
    [[nodiscard]] std::vector<std::uint64_t> grant(PaceTime now);
    // When grant() should be called next, if nothing happens before; none while all wait for a
    // download to end.
    [[nodiscard]] std::optional<PaceTime> next() const noexcept { return next_; }
    // A download that began has ended.
    void end(const std::string& site);
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }

  private:
    // Free again when what it let through would have been sent at its rate.
    struct Rate {
        std::uint64_t bytes_per_s = 0;
        PaceTime free_at{};

        void take(std::uint64_t bytes, PaceTime now);
    };
    struct Site {
        explicit Site(std::uint64_t bytes_per_s) : rate{bytes_per_s} {}
        Rate rate;
        std::uint32_t downloads = 0;
    };
    Site& site(const std::string& name);

    PaceLimits limits_;
    Rate all_;
    std::map<std::string, Site> sites_;
    // Most urgent first, then by number.
    std::map<std::pair<int, std::uint64_t>, PieceRequest> queue_;
    std::uint64_t asked_ = 0;
    std::optional<PaceTime> next_;
};

}  // namespace assay::gateway
