// How much a peer may say unasked: a bucket of messages and one of bytes. Who overdraws them is read
// no further until they are level again, so a flood waits in its sender's own buffers; who keeps at it
// is reported. What was asked for costs nothing: a member that catches up takes thousands of blocks a
// second.
//
// Pure: time is passed in. One per connection, on its thread.

#pragma once

#include <chrono>
#include <optional>

#include "ledger/net/peer_message.hpp"

namespace assay::ledger {

inline constexpr double kUnaskedMessagesPerSecond = 500;
inline constexpr double kUnaskedMessagesBurst = 2'000;  // all votes that two members tell each other
inline constexpr double kUnaskedBytesPerSecond = 8 << 20;
inline constexpr double kUnaskedBytesBurst = 16 << 20;
// Held back for so long in a row: a flood, and again after each such time.
inline constexpr std::chrono::seconds kFloodTime{1};

class FloodGuard {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    explicit FloodGuard(SteadyTime now) : filled_{now} {}

    // What a message takes: its judgement, in votes (an announcement has many items, a checkpoint many
    // signatures, a question for headers a long answer), and its bytes.
    struct Charge {
        double messages = 0;
        double bytes = 0;
        std::string_view name;  // "vote"
    };
    [[nodiscard]] static Charge charge_of(const PeerMessage& message) noexcept;

    // A message came, and nobody had asked for it.
    void charge(const Charge& charge, SteadyTime now);

    // How long to read nothing more.
    [[nodiscard]] std::chrono::milliseconds pause(SteadyTime now);
    // Whether it has gone on for another kFloodTime.
    [[nodiscard]] bool is_flood(SteadyTime now);

  private:
    void fill(SteadyTime now);

    double messages_ = kUnaskedMessagesBurst;
    double bytes_ = kUnaskedBytesBurst;
    SteadyTime filled_;
    std::optional<SteadyTime> overdrawn_;  // since when, but for moments
};

}  // namespace assay::ledger
