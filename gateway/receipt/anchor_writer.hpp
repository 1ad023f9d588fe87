// Writes the gateway ledger's anchors onto the consortium ledger (ledger/core/ledger_anchor.hpp), one
// gateway at a time: when the newest anchor is old enough and there is something new to anchor, the
// gateway after the one that wrote it does it, and if that one does not, the next a little later. What
// other gateways have anchored counts only if this gateway's own ledger has that very log, so that no
// liar keeps the others from it. Io thread only.

#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/receipt/anchor_terms.hpp"
#include "gateway/wakeup.hpp"
#include "host/base/clock.hpp"
#include "ledger/core/consortium_state.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// What the gateway ledger and its anchors look like to one gateway.
struct AnchorOutlook {
    ledger::BlockHeight blocks = 0;  // final ones above the newest that is anchored
    std::chrono::seconds age{0};     // of that one
    bool has_news = false;           // entries of the log that are not anchored
    std::size_t rank = 0;            // how many gateways come before this one
};
[[nodiscard]] bool anchor_is_due(const AnchorOutlook& outlook, const AnchorTerms& terms);

// Whether `chain` has the log that is anchored; kAhead: it is not final there yet.
enum class AnchorVerdict { kAgrees, kAhead, kContradicts };
[[nodiscard]] AnchorVerdict judge_anchor(const ledger::LedgerAnchor& anchor,
                                         const ledger::Chain& chain);

// The newest anchor of `chain` that agrees with it, of whichever gateway.
[[nodiscard]] std::optional<ledger::AnchorEntry> newest_true_anchor(const ledger::StateView& consortium,
                                                                    const ledger::Chain& chain);

class AnchorWriter {
  public:
    // Both nodes and the clock outlive it.
    AnchorWriter(boost::asio::any_io_executor executor,
                 ledger::Node& consortium,
                 const ledger::Node& gateways,
                 std::string name,
                 const AnchorTerms& terms,
                 const Clock& clock);

    // Either ledger has changed.
    void wake() { wakeup_.wake(); }
    // Until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

  private:
    void step();
    void warn_of_contradictions();
    [[nodiscard]] std::optional<ledger::LedgerAnchor> due_anchor(const ledger::Member& self) const;
    [[nodiscard]] std::size_t rank_of(const ledger::Member& self,
                                      const std::optional<ledger::AnchorEntry>& last) const;

    ledger::Node& consortium_;
    const ledger::Node& gateways_;
    const std::string name_;
    const AnchorTerms terms_;
    const Clock& clock_;
    Wakeup wakeup_;
    ledger::BlockHeight waits_until_ = 0;      // of the consortium ledger: ours is not tried again before
    std::set<ledger::LeafHash> contradictions_;  // that were told
};

}  // namespace assay::gateway
