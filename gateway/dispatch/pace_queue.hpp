// Who may send its next piece of an image when bytes are scarce: the most urgent release first. Among
// equals, a turn that has begun goes on, and turns begin in the order of asking. A turn is 2 MiB, no
// chunk is larger: a chunk that has begun arrives in time for its device, however many wait. Keeps the
// rates of the gateway and of each site, and the number of downloads of a site at a time. A piece costs
// the same however many wait. Pure: time is passed in; SendPacer puts it to work.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
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

inline constexpr std::uint64_t kTurnBytes = ledger::kChunkBytesMax;
// An agent gives a gateway up that says nothing for 30 s. A turn that is so far off is better not waited
// for, and who has waited longer is given up.
inline constexpr std::chrono::seconds kTurnFarOff{20};
inline constexpr std::chrono::seconds kTurnOverdue{25};

struct PieceRequest {
    std::uint64_t id = 0;
    std::string site;
    ledger::Urgency urgency = ledger::Urgency::kRoutine;
    std::uint64_t bytes = 0;       // of the piece
    std::uint64_t turn_bytes = 0;  // of its turn, this piece included
    bool begins = false;   // the first piece of a download, which counts among its site's from then on
    bool goes_on = false;  // its turn has begun
};

class PaceQueue {
  public:
    explicit PaceQueue(const PaceLimits& limits) : limits_{limits}, all_{limits.bytes_per_s} {}

    // `now` never goes back, here and below.
    void ask(PieceRequest request, PaceTime now);
    // How long one who begins now would wait for the rates' sake.
    [[nodiscard]] std::chrono::duration<double> expected_wait(const std::string& site,
                                                              ledger::Urgency urgency,
                                                              PaceTime now) const;
    // The ids of those that have waited too long; they are charged nothing and asked about no more.
    [[nodiscard]] std::vector<std::uint64_t> drop_overdue(PaceTime now);
    // The ids of those that may go now, in order; they are asked about no more.
    [[nodiscard]] std::vector<std::uint64_t> grant(PaceTime now);
    // When the two above should be called next, if nothing happens before.
    [[nodiscard]] std::optional<PaceTime> next() const;
    // A download that began has ended.
    void end(const std::string& site, PaceTime now);
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

  private:
    // The order of going: urgency, whether a turn has yet to begin, order of asking.
    using Place = std::tuple<int, bool, std::uint64_t>;
    // Free again when what it let through would have been sent at its rate.
    struct Rate {
        std::uint64_t bytes_per_s = 0;
        PaceTime free_at{};
        std::array<std::uint64_t, 4> asked{};  // bytes of the turns that wait, by urgency

        void take(std::uint64_t bytes, PaceTime now);
        [[nodiscard]] std::chrono::duration<double> wait(ledger::Urgency urgency, PaceTime now) const;
    };
    struct Site {
        explicit Site(std::uint64_t bytes_per_s) : rate{bytes_per_s} {}
        Rate rate;
        std::uint32_t downloads = 0;
        std::set<Place> begun, beginning;  // requests of downloads that count already, and of others
        std::optional<Place> ready;        // its place in ready_
        std::optional<PaceTime> resting;   // its time in resting_
    };
    struct Waiting {
        PieceRequest request;
        Site* site = nullptr;
        PaceTime since{};
    };
    using Waits = std::map<std::uint64_t, Waiting>;

    [[nodiscard]] static Place place_of(const Waits::value_type& waiting);
    Site& site(const std::string& name);
    // The first request of the site that its number of downloads lets go.
    [[nodiscard]] std::optional<Place> first_of(const Site& site) const;
    // Where the site belongs, now that something about it has changed.
    void sort_in(Site& site, PaceTime now);
    void rouse(PaceTime now);
    Waiting take_out(Waits::iterator at);

    PaceLimits limits_;
    Rate all_;
    std::map<std::string, Site> sites_;
    std::map<Place, Site*> ready_;                   // sites that may send, by their first request
    std::set<std::pair<PaceTime, Site*>> resting_;   // those whose rate is not free until then
    Waits waiting_;                                  // by order of asking
    std::uint64_t asked_ = 0;
};

}  // namespace assay::gateway
