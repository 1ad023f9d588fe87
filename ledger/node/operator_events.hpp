// What an operator should hear of one ledger's node, the newest 256 of it: peers that come, go or
// misbehave, reorganisations, a clock that jumps, finality that stalls, a disk that fails. Each is
// logged as it happens and kept for `assay ledger events`; what one member repeats is counted, so that
// nobody pushes out what others did. One thread.

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::ledger {

inline constexpr std::size_t kOperatorEventsMax = 256;

struct OperatorEvent {
    Timestamp first{};
    Timestamp last{};
    std::uint64_t count = 1;
    log::Level level = log::Level::kInfo;
    std::string name;     // "peer-misbehaved"
    std::string subject;  // whom it is about: "member lab"; may be empty
    std::string what;     // the last time, for people
};

class OperatorEvents {
  public:
    explicit OperatorEvents(std::string ledger) : ledger_{std::move(ledger)} {}

    // The same event about the same subject again counts, and is not logged again within a minute.
    void note(Timestamp now,
              log::Level level,
              std::string_view name,
              std::string_view subject,
              std::string what);

    // Oldest first, by when each happened last.
    [[nodiscard]] const std::deque<OperatorEvent>& events() const noexcept { return events_; }

  private:
    std::string ledger_;
    std::deque<OperatorEvent> events_;
};

}  // namespace assay::ledger
