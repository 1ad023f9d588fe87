// Looks after the store of one ledger's chain: checks a little of it every second, one pass after the
// other with an hour between, lets old blocks go where that is configured, and when it has failed opens it again, every five seconds until that
// works: a full disk gets space, a damaged store is rebuilt (Chain::recover). Tells the operator. Used
// by Node, on its thread; no clock of its own.

#pragma once

#include <chrono>
#include <optional>

#include "ledger/chain/chain.hpp"
#include "ledger/node/operator_events.hpp"

namespace assay::ledger {

inline constexpr std::chrono::seconds kRecoverAgain{5};
inline constexpr std::chrono::hours kBetweenChecks{1};

class StoreKeeper {
  public:
    using SteadyTime = std::chrono::steady_clock::time_point;

    // Both outlive the keeper. The chain was opened in a folder.
    StoreKeeper(Chain& chain, OperatorEvents& events) : chain_{chain}, events_{events} {}

    // Once the chain is open: says what opening it took.
    void on_opened(Timestamp wall);
    // True if the chain had failed and is there again, perhaps with another tip.
    bool on_tick(Timestamp wall, SteadyTime steady);

  private:
    void prune(Timestamp wall);
    void note_repair(Timestamp wall);

    Chain& chain_;
    OperatorEvents& events_;
    std::optional<SteadyTime> recover_at_;  // set while the chain has failed
    SteadyTime check_at_{};
    std::string last_failure_;  // as told
};

}  // namespace assay::ledger
